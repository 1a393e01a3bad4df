"""Whether an idle connection has news that the loop has not seen yet."""

import select
from typing import Any


def is_readable(link: Any) -> bool:
    """Whether something, or the end, has come; False where that cannot be known."""
    sock = link.get_extra_info("socket")
    if sock is None:
        return False
    try:
        if not hasattr(select, "poll"):
            return bool(select.select([sock.fileno()], [], [], 0)[0])
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    except (OSError, ValueError):
        return False
