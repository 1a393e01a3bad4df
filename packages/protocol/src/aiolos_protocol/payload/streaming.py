"""Bodies that are not there yet when they begin to be sent."""

from collections.abc import AsyncIterable
from typing import Any

from ..streams import StreamReader
from .base import Payload, Writer
from .registry import Order, payload_type


# Last: many things that are better sent otherwise can be iterated too.
@payload_type(AsyncIterable, order=Order.try_last)
class AsyncIterablePayload(Payload):
    """Pieces of bytes as they come; once written it is `consumed`, unless as_bytes() kept them."""

    _autoclose = True

    def __init__(self, value: AsyncIterable[bytes], *args: Any, **kwargs: Any) -> None:
        if not isinstance(value, AsyncIterable):
            raise TypeError(
                f"{type(self).__name__} takes an async iterable of bytes, not"
                f" {type(value).__name__}"
            )
        super().__init__(value, *args, **kwargs)
        self._kept: list[bytes] | None = None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """As Payload.decode(); only behind as_bytes()."""
        if self._kept is None:
            raise TypeError("Unable to decode - content not cached: await as_bytes() first")
        return b"".join(self._kept).decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """All pieces, which are kept from then on."""
        if self._kept is None:
            if self._consumed:
                raise RuntimeError("the body was sent already; its pieces are gone")
            self._kept = [piece async for piece in self._value]
        return b"".join(self._kept)

    async def write(self, writer: Writer) -> None:
        """As Payload.write(); each piece is sent before the next is asked for. RuntimeError the
        second time, TypeError for a piece that is not bytes."""
        if self._kept is not None:
            for piece in self._kept:
                await writer.write(piece)
            return
        if self._consumed:
            raise RuntimeError("an async iterable can be sent only once")
        self._consumed = True
        async for piece in self._value:
            if not isinstance(piece, (bytes, bytearray, memoryview)):
                raise TypeError(
                    f"the async iterable of the body gave {type(piece).__name__}, not bytes"
                )
            await writer.write(bytes(piece))


@payload_type(StreamReader)
class StreamReaderPayload(AsyncIterablePayload):
    """A body that was received, passed on as it comes."""

    def __init__(self, value: StreamReader, *args: Any, **kwargs: Any) -> None:
        super().__init__(value.iter_any(), *args, **kwargs)
