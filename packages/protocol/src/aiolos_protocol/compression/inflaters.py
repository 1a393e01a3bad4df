"""One decoder per coding, all with one face; each undoes a single member, frame or stream."""

import zlib
from typing import Any, Final, Protocol

from .backends import brotli, zlib_backend, zstd

_GZIP_HEADER: Final = 4
_RESERVED_FLAGS: Final = 0xE0
_GZIP_WINDOW: Final = 31
_ZLIB_WINDOW: Final = 15
_RAW_WINDOW: Final = -15
# RFC 9659 3: a decoder need not take, and an encoder must not use, more than 8 MiB.
_ZSTD_WINDOW: Final = 23


class Inflater(Protocol):
    """`hungry`: it wants new input; else give b"" for more output. `eof`: its end was seen, with
    `unused` bytes of the last input behind it."""

    hungry: bool
    eof: bool
    unused: int

    def inflate(self, data: "bytes | memoryview", size: int) -> bytes:
        """The next output, about `size` bytes at most. Raises what its library raises."""


class _Zlib:
    """What gzip and deflate share: the window is chosen by the first bytes."""

    __slots__ = ("_begun", "_object", "_tail", "eof", "hungry", "unused")

    def __init__(self) -> None:
        self._object: Any = None
        self._begun = b""
        self._tail = b""
        self.hungry = True
        self.eof = False
        self.unused = 0

    def _window(self, begun: bytes) -> int | None:
        """The window bits for data that begins so; None while that is too little to tell."""
        raise NotImplementedError

    def inflate(self, data: "bytes | memoryview", size: int) -> bytes:
        """As Inflater."""
        if self._object is None:
            begun = self._begun + data
            window = self._window(begun)
            if window is None:
                self._begun = begun
                return b""
            self._object = zlib_backend().decompressobj(window)
            data = begun
        engine = self._object
        output: bytes = engine.decompress(self._tail or data, size)
        self._tail = engine.unconsumed_tail
        self.eof = engine.eof
        # A full output may leave more in the window although all input was taken.
        self.hungry = not self._tail and len(output) < size
        if self.eof:
            self.unused = len(engine.unused_data)
        return output


class Gzip(_Zlib):
    """RFC 1952."""

    __slots__ = ()

    def _window(self, begun: bytes) -> int | None:
        if begun[:3] != b"\x1f\x8b\x08"[: len(begun)]:
            raise zlib.error("it does not begin with 1f 8b 08 (RFC 1952 2.3.1)")
        if len(begun) < _GZIP_HEADER:
            return None
        if begun[3] & _RESERVED_FLAGS:
            raise zlib.error("a reserved flag is set (RFC 1952 2.3.1.2)")
        return _GZIP_WINDOW


class Deflate(_Zlib):
    """RFC 1950 as RFC 9110 8.4.1.2 has it, or bare RFC 1951 as many send it."""

    __slots__ = ()

    def _window(self, begun: bytes) -> int | None:
        if len(begun) < 2:
            return None
        wrapped = (
            begun[0] & 0x0F == 8 and begun[0] >> 4 <= 7 and (begun[0] << 8 | begun[1]) % 31 == 0
        )
        return _ZLIB_WINDOW if wrapped else _RAW_WINDOW


class Brotli:
    """RFC 7932."""

    __slots__ = ("_engine", "eof", "hungry", "unused")

    def __init__(self) -> None:
        self._engine: Any = brotli().Decompressor()
        self.hungry = True
        self.eof = False
        self.unused = 0

    def inflate(self, data: "bytes | memoryview", size: int) -> bytes:
        """As Inflater; the library fails where bytes stand behind the end."""
        output: bytes = self._engine.process(data, output_buffer_limit=size)
        # A full output may leave more in the window although it would take input.
        self.hungry = self._engine.can_accept_more_data() and len(output) < size
        self.eof = self._engine.is_finished()
        return output


class Zstd:
    """RFC 8878, with the window that RFC 9659 allows."""

    __slots__ = ("_engine", "eof", "hungry", "unused")

    def __init__(self) -> None:
        module = zstd()
        self._engine: Any = module.ZstdDecompressor(
            options={module.DecompressionParameter.window_log_max: _ZSTD_WINDOW}
        )
        self.hungry = True
        self.eof = False
        self.unused = 0

    def inflate(self, data: "bytes | memoryview", size: int) -> bytes:
        """As Inflater."""
        output: bytes = self._engine.decompress(data, size)
        self.eof = self._engine.eof
        self.hungry = self._engine.needs_input
        if self.eof:
            self.unused = len(self._engine.unused_data)
        return output
