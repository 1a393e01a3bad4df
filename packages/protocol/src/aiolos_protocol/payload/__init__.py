"""Bodies to send, and the registry that makes one of whatever a user hands over.

`get_payload(data)` gives a `Payload`: its `headers`, its `size` (None where only the end will
tell), and `write(writer)`, which sends it piece by piece to anything with an awaitable `write`.
Other kinds of data are taught with `register_payload` or `@payload_type`.
"""

from .base import Payload, Writer
from .files import (
    BufferedReaderPayload,
    BytesIOPayload,
    IOBasePayload,
    StringIOPayload,
    TextIOPayload,
)
from .plain import BytesPayload, JsonBytesPayload, JsonPayload, StringPayload
from .registry import (
    PAYLOAD_REGISTRY,
    LookupError,  # noqa: A004 - aiohttp's name
    Order,
    PayloadRegistry,
    get_payload,
    payload_type,
    register_payload,
)
from .streaming import AsyncIterablePayload, StreamReaderPayload

__all__ = [
    "PAYLOAD_REGISTRY",
    "AsyncIterablePayload",
    "BufferedReaderPayload",
    "BytesIOPayload",
    "BytesPayload",
    "IOBasePayload",
    "JsonBytesPayload",
    "JsonPayload",
    "LookupError",
    "Order",
    "Payload",
    "PayloadRegistry",
    "StreamReaderPayload",
    "StringIOPayload",
    "StringPayload",
    "TextIOPayload",
    "Writer",
    "get_payload",
    "payload_type",
    "register_payload",
]
