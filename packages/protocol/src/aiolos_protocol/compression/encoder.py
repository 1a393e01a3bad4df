"""Content codings for what is sent."""

import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from .backends import brotli, zlib_backend, zstd

OFF_LOOP: Final = 65_536
"""Bodies from this size on take longer to compress than an event loop may be held up: call
compress(), or a ContentEncoder, in an executor. The libraries let other threads run meanwhile."""

_GZIP_WINDOW: Final = 31
_ZLIB_WINDOW: Final = 15
_MEMORY_LEVEL: Final = 8
# These take about as long as gzip at its default level.
_BROTLI_QUALITY: Final = 4
_ZSTD_LEVEL: Final = 3
_HIGHEST_OF_ISAL: Final = 3


class Deflater(Protocol):
    """One coding being applied."""

    def compress(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...
    def finish(self) -> bytes: ...


class _Zlib:
    __slots__ = ("_engine", "_finish", "_sync")

    def __init__(self, window: int, level: int | None, strategy: int | None) -> None:
        module = zlib_backend()
        is_isal = hasattr(module, "ISAL_BEST_SPEED")
        if is_isal and (strategy or (level or 0) > _HIGHEST_OF_ISAL):
            # isal knows neither strategies nor the levels that try harder.
            module = zlib
        self._engine: Any = module.compressobj(
            module.Z_DEFAULT_COMPRESSION if level is None else level,
            module.DEFLATED,
            window,
            _MEMORY_LEVEL,
            module.Z_DEFAULT_STRATEGY if strategy is None else strategy,
        )
        self._sync: int = module.Z_SYNC_FLUSH
        self._finish: int = module.Z_FINISH

    def compress(self, data: bytes) -> bytes:
        output: bytes = self._engine.compress(data)
        return output

    def flush(self) -> bytes:
        output: bytes = self._engine.flush(self._sync)
        return output

    def finish(self) -> bytes:
        output: bytes = self._engine.flush(self._finish)
        return output


class _Brotli:
    __slots__ = ("_engine",)

    def __init__(self, level: int | None) -> None:
        self._engine: Any = brotli().Compressor(quality=_BROTLI_QUALITY if level is None else level)

    def compress(self, data: bytes) -> bytes:
        output: bytes = self._engine.process(data)
        return output

    def flush(self) -> bytes:
        output: bytes = self._engine.flush()
        return output

    def finish(self) -> bytes:
        output: bytes = self._engine.finish()
        return output


class _Zstd:
    __slots__ = ("_block", "_engine", "_frame")

    def __init__(self, level: int | None) -> None:
        self._engine: Any = zstd().ZstdCompressor(level=_ZSTD_LEVEL if level is None else level)
        self._block: int = self._engine.FLUSH_BLOCK
        self._frame: int = self._engine.FLUSH_FRAME

    def compress(self, data: bytes) -> bytes:
        output: bytes = self._engine.compress(data)
        return output

    def flush(self) -> bytes:
        output: bytes = self._engine.flush(self._block)
        return output

    def finish(self) -> bytes:
        output: bytes = self._engine.flush(self._frame)
        return output


_DEFLATERS: Final[dict[str, Callable[[int | None, int | None], Deflater]]] = {
    "gzip": lambda level, strategy: _Zlib(_GZIP_WINDOW, level, strategy),
    # RFC 9110 8.4.1.2: wrapped in the zlib format, though many take it for the bare one.
    "deflate": lambda level, strategy: _Zlib(_ZLIB_WINDOW, level, strategy),
    "br": lambda level, _: _Brotli(level),
    "zstd": lambda level, _: _Zstd(level),
}


class ContentEncoder:
    """Applies `codings` (CODINGS), in their order.

    `level` is the coding's own measure of effort (gzip and deflate 0-9, br 0-11, zstd 1-22; None:
    a middle one), `strategy` is zlib's. Raises ValueError for an unknown coding,
    MissingDistribution where a coding's library is not installed.
    """

    __slots__ = ("_deflaters",)

    def __init__(
        self, codings: Sequence[str], level: int | None = None, strategy: int | None = None
    ) -> None:
        for coding in codings:
            if coding not in _DEFLATERS:
                known = ", ".join(_DEFLATERS)
                raise ValueError(f"the content coding {coding!r:.40} is not one of {known}")
        self._deflaters = [_DEFLATERS[coding](level, strategy) for coding in codings]

    def encode(self, data: bytes) -> bytes:
        """What there is to send after `data`; often b"", for codings gather input first."""
        for deflater in self._deflaters:
            if not data:
                break
            data = deflater.compress(data)
        return data

    def flush(self) -> bytes:
        """The rest of what was given so far, so that the peer can decode all of it now; costs
        some bytes each time."""
        data = b""
        for deflater in self._deflaters:
            if data:
                data = deflater.compress(data)
            data += deflater.flush()
        return data

    def finish(self) -> bytes:
        """The end of the body; nothing may be called after it."""
        data = b""
        for deflater in self._deflaters:
            if data:
                data = deflater.compress(data)
            data += deflater.finish()
        return data


def compress(
    data: bytes, codings: Sequence[str], level: int | None = None, strategy: int | None = None
) -> bytes:
    """`data`, which is a whole body, in `codings`; arguments as for ContentEncoder. It holds the
    thread for a while: see OFF_LOOP."""
    encoder = ContentEncoder(codings, level, strategy)
    return encoder.encode(data) + encoder.finish()
