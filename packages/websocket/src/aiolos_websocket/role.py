"""What the two ends of a WebSocket do differently; nothing else asks which end it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .extensions import Compression
from .writer import CLIENT_WRITER, SERVER_WRITER, Writer


@dataclass(frozen=True, slots=True)
class Window:
    """A compression window: its size as a power of two, and whether it outlives a message."""

    bits: int
    takeover: bool


@dataclass(frozen=True, slots=True)
class Role:
    """One end.

    `masks` and `peer_masks` tell whose frames are masked; `writer` makes ours; `ends_connection`
    tells that this end closes the connection once the closing handshake is done, and does not
    wait for the peer to (RFC 6455 7.1.1). `patience` is how often receive() may give CLOSED: as
    often as is asked (0) on the client's side, as aiohttp has it. `logs` tells that a limit which
    the peer exceeds goes to the log: a client's caller knows it by the error.
    """

    name: str
    masks: bool
    peer_masks: bool
    writer: Writer
    ends_connection: bool
    own_window: Callable[[Compression], Window]
    peer_window: Callable[[Compression], Window]
    patience: int
    logs: bool


def _server_window(agreed: Compression) -> Window:
    return Window(agreed.server_window, agreed.server_takeover)


def _client_window(agreed: Compression) -> Window:
    return Window(agreed.client_window, agreed.client_takeover)


CLIENT: Final = Role(
    "client", True, False, CLIENT_WRITER, False, _client_window, _server_window, 0, False
)
SERVER: Final = Role(
    "server", False, True, SERVER_WRITER, True, _server_window, _client_window, 5, True
)
