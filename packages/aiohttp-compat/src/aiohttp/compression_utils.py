"""What compresses and decompresses, by hand."""

import asyncio
import zlib
from abc import ABC, abstractmethod
from concurrent.futures import Executor
from typing import Any, ClassVar, Final

from aiolos import set_zlib_backend
from aiolos_protocol.compression.backends import available, brotli, zlib_backend, zstd

__all__ = ["ZLibBackend", "set_zlib_backend"]

HAS_BROTLI: Final = "br" in available()
HAS_ZSTD: Final = "zstd" in available()
MAX_SYNC_CHUNK_SIZE: Final = 4096
MAX_DECOMPRESS_MEMBERS: Final = 1024
ZLIB_MAX_LENGTH_UNLIMITED: Final = 0
ZSTD_MAX_LENGTH_UNLIMITED: Final = -1
# RFC 9659 3: more window than 8 MiB need not be taken.
_ZSTD_WINDOW: Final = 23
_WINDOW: Final = 15
_GZIP: Final = 16
_HIGHEST_OF_ISAL: Final = 3


class TooManyMembersError(ValueError):
    """More than MAX_DECOMPRESS_MEMBERS members stand one behind the other."""


class _Backend:
    """The library in use; `_zlib_backend` is what set_zlib_backend() takes back."""

    @property
    def _zlib_backend(self) -> object:
        return zlib_backend()

    @property
    def name(self) -> str:
        """The name of its module."""
        name: str = zlib_backend().__name__
        return name

    def __getattr__(self, name: str) -> object:
        return getattr(zlib_backend(), name)


ZLibBackend = _Backend()
ZLibBackendProtocol = object


def encoding_to_mode(encoding: str | None = None, suppress_deflate_header: bool = False) -> int:
    """The window bits of zlib for a content coding."""
    if encoding == "gzip":
        return _GZIP + _WINDOW
    return -_WINDOW if suppress_deflate_header else _WINDOW


class ZLibCompressor:
    """Compresses piece by piece; pieces above `max_sync_chunk_size` bytes in the executor."""

    def __init__(
        self,
        encoding: str | None = None,
        suppress_deflate_header: bool = False,
        level: int | None = None,
        wbits: int | None = None,
        strategy: int | None = None,
        executor: Executor | None = None,
        max_sync_chunk_size: int | None = MAX_SYNC_CHUNK_SIZE,
    ) -> None:
        module = zlib_backend()
        if hasattr(module, "ISAL_BEST_SPEED") and (strategy or (level or 0) > _HIGHEST_OF_ISAL):
            # isal knows neither strategies nor the levels that try harder.
            module = zlib
        self._executor = executor
        self._max_sync = max_sync_chunk_size
        # Pieces that come while one is in the executor wait for their turn.
        self._turn = asyncio.Lock()
        self._finish: int = module.Z_FINISH
        self._engine: Any = module.compressobj(
            level=module.Z_DEFAULT_COMPRESSION if level is None else level,
            method=module.DEFLATED,
            wbits=encoding_to_mode(encoding, suppress_deflate_header) if wbits is None else wbits,
            strategy=module.Z_DEFAULT_STRATEGY if strategy is None else strategy,
        )

    def compress_sync(self, data: Any) -> bytes:
        """What can be sent by now."""
        output: bytes = self._engine.compress(data)
        return output

    async def compress(self, data: Any) -> bytes:
        """As compress_sync(), without holding up the loop."""
        async with self._turn:
            if self._max_sync is not None and len(data) > self._max_sync:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._executor, self.compress_sync, data)
            return self.compress_sync(data)

    def flush(self, mode: int | None = None) -> bytes:
        """The rest; `mode` as in zlib, Z_FINISH by default."""
        output: bytes = self._engine.flush(self._finish if mode is None else mode)
        return output


class DecompressionBaseHandler(ABC):
    """Decompresses piece by piece; pieces above `max_sync_chunk_size` bytes in the executor.

    `max_length` bounds what one call gives, 0 for no bound: where `data_available` says that there
    is more, call with b"".
    """

    def __init__(
        self,
        executor: Executor | None = None,
        max_sync_chunk_size: int | None = MAX_SYNC_CHUNK_SIZE,
    ) -> None:
        self._executor = executor
        self._max_sync = max_sync_chunk_size

    @abstractmethod
    def decompress_sync(self, data: Any, max_length: int = 0) -> bytes:
        """What `data` stands for. Raises what the library raises."""

    async def decompress(self, data: Any, max_length: int = 0) -> bytes:
        """As decompress_sync(), without holding up the loop."""
        if self._max_sync is not None and len(data) > self._max_sync:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._executor, self.decompress_sync, data, max_length
            )
        return self.decompress_sync(data, max_length)

    @property
    @abstractmethod
    def data_available(self) -> bool:
        """Whether there is more to be had of what was given."""


class _Members(DecompressionBaseHandler):
    """Members, or frames, of which several may stand one behind the other."""

    _unlimited: ClassVar[int]

    def __init__(
        self,
        executor: Executor | None = None,
        max_sync_chunk_size: int | None = MAX_SYNC_CHUNK_SIZE,
    ) -> None:
        super().__init__(executor, max_sync_chunk_size)
        self._engine = self._new_decompressor()
        self._members = 1
        self._tail = b""
        self._is_full = False

    @abstractmethod
    def _new_decompressor(self) -> Any:
        """What undoes one member."""

    def decompress_sync(self, data: Any, max_length: int = 0) -> bytes:
        """See DecompressionBaseHandler. TooManyMembersError where a stream is cut too small."""
        data = self._tail + data if self._tail else data
        self._tail = b""
        pieces, left = [], max_length
        while True:
            if self._engine.eof:
                if not data:
                    break
                self._next_member()
            output = self._engine.decompress(data, left if max_length > 0 else self._unlimited)
            pieces.append(output)
            left -= len(output)
            self._is_full = max_length > 0 and left <= 0
            if self._engine.eof:
                data = self._engine.unused_data
            if self._is_full or not self._engine.eof:
                self._tail = data if self._engine.eof else self._unconsumed()
                break
        return b"".join(pieces)

    def _next_member(self) -> None:
        self._members += 1
        if self._members > MAX_DECOMPRESS_MEMBERS:
            raise TooManyMembersError(
                f"more than {MAX_DECOMPRESS_MEMBERS} members (MAX_DECOMPRESS_MEMBERS)"
            )
        self._engine = self._new_decompressor()

    def _unconsumed(self) -> bytes:
        return b""

    @property
    def data_available(self) -> bool:
        """See DecompressionBaseHandler."""
        return bool(self._tail) or (self._is_full and not self._engine.eof)


class ZLibDecompressor(_Members):
    """For gzip and deflate."""

    _unlimited = ZLIB_MAX_LENGTH_UNLIMITED

    def __init__(
        self,
        encoding: str | None = None,
        suppress_deflate_header: bool = False,
        executor: Executor | None = None,
        max_sync_chunk_size: int | None = MAX_SYNC_CHUNK_SIZE,
    ) -> None:
        self._mode = encoding_to_mode(encoding, suppress_deflate_header)
        super().__init__(executor, max_sync_chunk_size)

    def _new_decompressor(self) -> Any:
        return zlib_backend().decompressobj(wbits=self._mode)

    def _unconsumed(self) -> bytes:
        tail: bytes = self._engine.unconsumed_tail
        return tail

    def flush(self, length: int = 0) -> bytes:
        """The rest, without a bound; `length` is where its buffer begins."""
        rest = self.decompress_sync(b"")
        output: bytes = self._engine.flush(length) if length > 0 else self._engine.flush()
        return rest + output

    @property
    def eof(self) -> bool:
        """Whether the end of a member was the last that was seen."""
        return bool(self._engine.eof)


class ZSTDDecompressor(_Members):
    """For zstd; ImportError (MissingDistribution) where its library is not installed."""

    _unlimited = ZSTD_MAX_LENGTH_UNLIMITED

    def _new_decompressor(self) -> Any:
        module = zstd("ZSTDDecompressor")
        window = {module.DecompressionParameter.window_log_max: _ZSTD_WINDOW}
        return module.ZstdDecompressor(options=window)

    def flush(self) -> bytes:
        """Nothing is kept back."""
        return b""


class BrotliDecompressor(DecompressionBaseHandler):
    """For br; ImportError (MissingDistribution) where its library is not installed."""

    def __init__(
        self,
        executor: Executor | None = None,
        max_sync_chunk_size: int | None = MAX_SYNC_CHUNK_SIZE,
    ) -> None:
        super().__init__(executor, max_sync_chunk_size)
        self._engine: Any = brotli("BrotliDecompressor").Decompressor()
        self._is_full = False

    def decompress_sync(self, data: Any, max_length: int = 0) -> bytes:
        """See DecompressionBaseHandler."""
        data = bytes(data)
        output: bytes = (
            self._engine.process(data, output_buffer_limit=max_length)
            if max_length > 0
            else self._engine.process(data)
        )
        # A full output may leave more in the window although it would take input.
        self._is_full = 0 < max_length <= len(output)
        return output

    def flush(self) -> bytes:
        """Nothing is kept back."""
        return b""

    @property
    def data_available(self) -> bool:
        """See DecompressionBaseHandler."""
        if self._engine.is_finished():
            return False
        return self._is_full or not self._engine.can_accept_more_data()
