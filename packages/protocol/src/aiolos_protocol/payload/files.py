"""Open files and what behaves like them; disks are read off the event loop."""

import asyncio
import codecs
import io
import os
import stat
from pathlib import PurePath
from typing import IO, Any, Final, TextIO

from .. import hdrs
from .base import Payload, Writer
from .plain import StringPayload, text_type
from .registry import Order, payload_type

# A hop to a thread costs some 50 us: large pieces make it vanish.
READ_SIZE: Final = 262_144


class _HasRead(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return callable(getattr(instance, "read", None))


class _Readable(metaclass=_HasRead):
    """Whatever has read(): a runtime_checkable Protocol would not see it through a wrapper that
    hands attributes on, as that of NamedTemporaryFile does."""


def guess_filename(value: Any, default: str | None = None) -> str | None:
    """The file name of an open file, without its folder; `default` where it has none."""
    name = getattr(value, "name", None)
    if isinstance(name, str) and name and not (name[0] == "<" and name[-1] == ">"):
        return PurePath(name).name
    return default


@payload_type(_Readable, order=Order.try_last)
@payload_type(io.IOBase)
class IOBasePayload(Payload):
    """A file, from where it stands to its end; it is rewound to be sent again.

    Its name, where it has one, tells the content type and goes into a Content-Disposition of the
    type `disposition` (None: none). It stays open until close().
    """

    def __init__(
        self, value: IO[Any], disposition: str | None = "attachment", *args: Any, **kwargs: Any
    ) -> None:
        if kwargs.get("filename") is None:
            kwargs["filename"] = guess_filename(value)
        super().__init__(value, *args, **kwargs)
        self._start = _position(value)
        named = self._filename is not None and hdrs.CONTENT_DISPOSITION not in self._headers
        if disposition is not None and named:
            self.set_content_disposition(disposition, filename=self._filename or "")

    @property
    def size(self) -> int | None:
        """As Payload.size; known for regular files and those in memory, and kept from then on."""
        if self._size is None and self._start is not None:
            self._size = _remaining(self._value, self._start)
        return self._size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """As Payload.decode(); reads the file at once."""
        return self._read_all().decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """As Payload.as_bytes(); reads the file off the loop."""
        data: bytes = await self._off_loop(self._read_all)
        return data

    async def write(self, writer: Writer) -> None:
        """As Payload.write(); never more than `size` bytes, whatever is appended meanwhile."""
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: Writer, content_length: int | None) -> None:
        """As Payload.write_with_length()."""
        left = self.size if content_length is None else content_length
        self._rewind()
        while left is None or left > 0:
            wanted = READ_SIZE if left is None else min(READ_SIZE, left)
            piece = await self._off_loop(self._read, wanted)
            if not piece:
                return
            if left is not None:
                # Text comes in characters: its last piece may hold more bytes than asked for.
                piece = piece[:left]
                left -= len(piece)
            await writer.write(piece)

    async def close(self) -> None:
        """Close the file, off the loop; it is `consumed` then."""
        if not self._closed:
            self._closed = self._consumed = True
            await self._off_loop(self._value.close)

    async def _off_loop(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, function, *args)

    def _read(self, n: int) -> bytes:
        data = self._value.read(n)
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(
                f"read() of {type(self._value).__name__} gave {type(data).__name__}, not bytes"
            )
        return bytes(data)

    def _read_all(self) -> bytes:
        self._rewind()
        return self._read(-1)

    def _rewind(self) -> None:
        """To where the file stood at first; what cannot seek is read on, and only once."""
        if self._start is not None:
            self._value.seek(self._start)
        elif self._consumed:
            raise RuntimeError("the file cannot seek, so it can be sent only once")
        else:
            self._consumed = True


@payload_type((io.BufferedReader, io.BufferedRandom, io.FileIO))
class BufferedReaderPayload(IOBasePayload):
    """A file that was opened in binary mode."""


@payload_type(io.BytesIO)
class BytesIOPayload(IOBasePayload):
    """A file in memory, which needs no thread to be read, and which close() leaves open: its
    memory is the caller's, who may want to send or read it once more."""

    _autoclose = True

    async def close(self) -> None:
        """Nothing."""

    async def _off_loop(self, function: Any, *args: Any) -> Any:
        return function(*args)


@payload_type(io.TextIOBase)
class TextIOPayload(IOBasePayload):
    """A file that was opened in text mode, in `encoding` as StringPayload has it.

    One that stands at its beginning and is in that encoding already is sent byte for byte;
    otherwise it is encoded piece by piece and its size is unknown.
    """

    def __init__(
        self,
        value: TextIO,
        *args: Any,
        encoding: str | None = None,
        content_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        charset, content_type = text_type(encoding, content_type)
        super().__init__(value, *args, content_type=content_type, encoding=charset, **kwargs)
        self._source: Any = value
        if _is_encoded(value, charset):
            self._value = value.buffer
        else:
            self._encoder = codecs.getincrementalencoder(charset)()

    @property
    def size(self) -> int | None:
        """As IOBasePayload.size; None for text that is yet to be encoded."""
        return super().size if self._value is not self._source else None

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """As Payload.decode()."""
        return self._read_all().decode(self._encoding or encoding, errors)

    def _read(self, n: int) -> bytes:
        if self._value is not self._source:
            return super()._read(n)
        text: str = self._value.read(n)
        return self._encoder.encode(text, final=n < 0 or not text)

    def _rewind(self) -> None:
        super()._rewind()
        if self._value is self._source:
            self._encoder.reset()


@payload_type(io.StringIO)
class StringIOPayload(StringPayload):
    """What is left to read of text in memory."""

    def __init__(self, value: IO[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(value.read(), *args, **kwargs)


def _is_encoded(value: TextIO, charset: str) -> bool:
    """Whether the bytes beneath are what encoding the text would give, but for line ends."""
    if not isinstance(value, io.TextIOWrapper) or not isinstance(value.buffer, io.BufferedIOBase):
        return False
    try:
        return codecs.lookup(value.encoding) == codecs.lookup(charset) and value.tell() == 0
    except (LookupError, OSError):
        return False


def _position(value: Any) -> int | None:
    """Where the file stands; None where it cannot be made to stand there again."""
    try:
        position: int = value.tell()
        value.seek(position)
    except (OSError, AttributeError):
        return None
    return position


def _remaining(value: Any, start: int) -> int | None:
    """Bytes from `start` to the end of the file, where that is known without reading it."""
    value = getattr(value, "file", value)
    if isinstance(value, io.BytesIO) or hasattr(value, "rollover"):
        # The latter is a SpooledTemporaryFile: importing tempfile would cost milliseconds.
        here = value.tell()
        end: int = value.seek(0, io.SEEK_END)
        value.seek(here)
        return max(0, end - start)
    raw: Any = value.raw if isinstance(value, (io.BufferedReader, io.BufferedRandom)) else value
    if not isinstance(raw, io.FileIO):
        # The descriptor of a GzipFile, say, tells the size of something else.
        return None
    try:
        status = os.fstat(raw.fileno())
        if not stat.S_ISREG(status.st_mode) or _is_made_up(raw.fileno(), status):
            return None
    except OSError:
        return None
    return max(0, status.st_size - start)


def _is_made_up(descriptor: int, status: os.stat_result) -> bool:
    """Whether the kernel makes the file up while it is read, as those of /proc and /sys: they say
    that they have 0 bytes, or 4096. They take no room, as an empty file does, but nor does
    anything else where they lie. To read one for an answer could block."""
    return getattr(status, "st_blocks", 1) == 0 and os.fstatvfs(descriptor).f_blocks == 0
