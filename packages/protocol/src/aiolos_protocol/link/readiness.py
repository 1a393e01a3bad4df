"""Whether a socket has news that the loop has not told yet."""

import select
from collections.abc import Callable
from functools import partial
from typing import Any


def news_of(sock: Any) -> Callable[[], object]:
    """A function that tells whether something, or the end, has come to `sock`: what it returns is
    true then, and false for a transport without a socket (None), which cannot be asked."""
    if sock is None:
        return bool
    if not hasattr(select, "poll"):
        return partial(_selected, sock)
    # Made once: it is asked before every request. A socket that was closed has news, too.
    poll = select.poll()
    try:
        poll.register(sock.fileno(), select.POLLIN)
    except (OSError, ValueError):
        return bool
    return partial(poll.poll, 0)


def _selected(sock: Any) -> bool:
    try:
        return bool(select.select([sock.fileno()], [], [], 0)[0])
    except (OSError, ValueError):
        return False
