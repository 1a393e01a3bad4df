"""What a WebSocket can be told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import ConnectionLost
from ..grammar import TOKEN

_SIZES: Final = frozenset({"max_msg_size", "writer_limit"})
# What browsers send (RFC 6454 6.2, 7.1): no path, not even "/", and a name in ASCII.
_ORIGIN: Final = re.compile(
    r"null|(?P<scheme>[a-z][a-z0-9+.-]*)://(?:\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE,
)
_DEFAULT_PORTS: Final = frozenset({("http", "80"), ("https", "443")})

DEFAULT_WINDOW: Final = 12
"""What `compress=True` stands for. Of 2^15 instead, a busy connection would hold 300 KiB, not 44,
for a few per cent less to send."""


@dataclass(frozen=True, slots=True)
class WSOptions:
    """What a handshake negotiates and an engine obeys; times are seconds, sizes bytes.

    `compress` is the window of permessage-deflate as a power of two (9-15), 0 for none; with
    `takeover` False neither end keeps its window between messages. `close_timeout` bounds the
    closing handshake, None for not at all; `max_msg_size` 0 means no bound. `origins` lists the
    origins a server takes, None takes all; `headers` go with the client's handshake. `lost` is
    what sending raises once the WebSocket is closed, `silent` what receiving ends with where the
    peer has left pings unanswered.
    """

    protocols: tuple[str, ...] = ()
    origin: str | None = None
    origins: tuple[str, ...] | None = None
    headers: Mapping[str, str] | None = None
    compress: int = 0
    takeover: bool = True
    heartbeat: float | None = None
    receive_timeout: float | None = None
    close_timeout: float | None = 10.0
    autoclose: bool = True
    autoping: bool = True
    max_msg_size: int = 4 * 1024 * 1024
    writer_limit: int = 64 * 1024
    decode_text: bool = True
    lost: type[ConnectionResetError] = ConnectionLost
    silent: type[TimeoutError] = TimeoutError

    def __post_init__(self) -> None:
        """Raises TypeError or ValueError for what an option cannot be."""
        for name in (
            "heartbeat",
            "receive_timeout",
            "close_timeout",
            "max_msg_size",
            "writer_limit",
        ):
            value = getattr(self, name)
            if name in _SIZES:
                if not isinstance(value, int):
                    raise TypeError(f"{name} is a whole number of bytes, not {value!r}")
            elif value is None:
                continue
            elif not isinstance(value, (int, float)):
                raise TypeError(f"{name} is a number, not {value!r}")
            if not value >= 0:
                raise ValueError(f"{name} is not negative, as {value!r} is")
        for name, listed in (("protocols", self.protocols), ("origins", self.origins or ())):
            for each in listed:
                if not isinstance(each, str):
                    raise TypeError(f"{name} holds str, not {each!r}")
        if len(set(self.protocols)) < len(self.protocols):
            raise ValueError(f"a sub-protocol stands twice in {self.protocols!r} (RFC 6455 4.1)")
        for protocol in self.protocols:
            if not TOKEN.fullmatch(protocol):
                raise ValueError(f"the sub-protocol {protocol!r} is no token (RFC 6455 4.1)")
        for origin in self.origins or ():
            _check_origin(origin)


def _check_origin(origin: str) -> None:
    """ValueError for what no browser sends: every page would be refused."""
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        why = "is no scheme://host or scheme://host:port (RFC 6454 7.1)"
        if origin == "*":
            why += "; origins=None lets all pages connect"
        raise ValueError(f"the origin {origin!r} {why}")
    if found["scheme"] and (found["scheme"].lower(), found["port"]) in _DEFAULT_PORTS:
        raise ValueError(f"browsers send the origin {origin!r} without its port (RFC 6454 6.2)")


def window_of(compress: bool | int) -> int:
    """The window that `compress` asks for, as a power of two: 9 to 15, True for DEFAULT_WINDOW, 0
    or False for no compression. TypeError or ValueError for what it cannot be."""
    if not isinstance(compress, int):
        raise TypeError(f"compress is a bool, or a window of 9 to 15, not {compress!r}")
    window = DEFAULT_WINDOW if compress is True else int(compress)
    if window and not 9 <= window <= 15:
        raise ValueError(f"compress is a bool, or a window of 9 to 15, not {compress!r}")
    return window
