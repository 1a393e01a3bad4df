"""Bodies to send, and their registry."""

from typing import Final

from aiolos.payload import *  # noqa: F403
from aiolos.payload import __all__ as __all__
from aiolos_protocol.payload import PayloadRegistry as PayloadRegistry
from aiolos_protocol.payload import StreamReaderPayload as StreamReaderPayload
from aiolos_protocol.payload.registry import LookupError as LookupError  # noqa: A004
from aiolos_protocol.payload.registry import Order as Order
from aiolos_protocol.payload.registry import register_payload as register_payload

from ._absent import absent

# Above it the original warned of a body in one piece.
TOO_LARGE_BYTES_BODY: Final = 2**20

absent(__name__)
