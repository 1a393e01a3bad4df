"""What a WebSocket can be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import ConnectionLost
from ..grammar import TOKEN

_SIZES: Final = frozenset({"max_msg_size", "writer_limit"})


@dataclass(frozen=True, slots=True)
class WSOptions:
    """What a handshake negotiates and an engine obeys; times are seconds, sizes bytes.

    `compress` is the window of permessage-deflate as a power of two (9-15), 0 for none; with
    `takeover` False neither end keeps its window between messages. `close_timeout` bounds the
    closing handshake, None for not at all; `max_msg_size` 0 means no bound. `origins` lists the
    origins a server takes, None takes all; `headers` go with the client's handshake. `lost` is
    what sending raises once the WebSocket is closed.
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
