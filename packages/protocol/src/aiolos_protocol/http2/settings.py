"""What an endpoint has declared about itself (RFC 9113 6.5, RFC 8441 3, RFC 9218 2.1)."""

from enum import IntEnum
from struct import iter_unpack
from typing import Final

from .errors import ConnectionFailed, ErrorCode
from .frames import MAX_MAX_SIZE, MIN_MAX_SIZE
from .windows import MAX_WINDOW

UNLIMITED: Final = 2**32 - 1


class Setting(IntEnum):
    """Identifiers; others are ignored (RFC 9113 6.5.2)."""

    HEADER_TABLE_SIZE = 0x1
    ENABLE_PUSH = 0x2
    MAX_CONCURRENT_STREAMS = 0x3
    INITIAL_WINDOW_SIZE = 0x4
    MAX_FRAME_SIZE = 0x5
    MAX_HEADER_LIST_SIZE = 0x6
    ENABLE_CONNECT_PROTOCOL = 0x8
    NO_RFC7540_PRIORITIES = 0x9


class Settings:
    """The values in force at one end; at first those that RFC 9113 6.5.2 gives.

    A `received` counter tells how many SETTINGS frames have been applied.
    """

    __slots__ = (
        "enable_connect_protocol",
        "enable_push",
        "header_table_size",
        "initial_window_size",
        "max_concurrent_streams",
        "max_frame_size",
        "max_header_list_size",
        "no_rfc7540_priorities",
        "received",
    )

    def __init__(self) -> None:
        self.header_table_size = 4096
        self.enable_push = 1
        self.max_concurrent_streams = UNLIMITED
        self.initial_window_size = 65_535
        self.max_frame_size = MIN_MAX_SIZE
        self.max_header_list_size = UNLIMITED
        self.enable_connect_protocol = 0
        self.no_rfc7540_priorities = 0
        self.received = 0

    def apply(self, payload: bytes) -> None:
        """Take over the values of a SETTINGS frame, in order.

        Raises ConnectionFailed for a value that its setting cannot have, or cannot change to.
        """
        for key, value in iter_unpack(">HL", payload):
            name = _NAMES.get(key)
            if name is None:
                continue
            least, most, code = _BOUNDS.get(key, _ANY)
            if not least <= value <= most:
                raise ConnectionFailed(f"{name} is {value} (RFC 9113 6.5.2)", code)
            if key == Setting.ENABLE_CONNECT_PROTOCOL and value < self.enable_connect_protocol:
                raise ConnectionFailed(f"{name} is taken back (RFC 8441 3)")
            if (
                key == Setting.NO_RFC7540_PRIORITIES
                and self.received
                and value != self.no_rfc7540_priorities
            ):
                raise ConnectionFailed(f"{name} is changed (RFC 9218 2.1)")
            setattr(self, name.lower(), value)
        self.received += 1


_NAMES: Final = {int(setting): setting.name for setting in Setting}
_ANY: Final = (0, UNLIMITED, ErrorCode.PROTOCOL_ERROR)
_BOUNDS: Final = {
    int(Setting.ENABLE_PUSH): (0, 1, ErrorCode.PROTOCOL_ERROR),
    int(Setting.INITIAL_WINDOW_SIZE): (0, MAX_WINDOW, ErrorCode.FLOW_CONTROL_ERROR),
    int(Setting.MAX_FRAME_SIZE): (MIN_MAX_SIZE, MAX_MAX_SIZE, ErrorCode.PROTOCOL_ERROR),
    int(Setting.ENABLE_CONNECT_PROTOCOL): (0, 1, ErrorCode.PROTOCOL_ERROR),
    int(Setting.NO_RFC7540_PRIORITIES): (0, 1, ErrorCode.PROTOCOL_ERROR),
}
