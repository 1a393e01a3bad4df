"""Undoing content codings: fed by pushing, read by pulling, so that output is always bounded."""

from collections.abc import Callable, Sequence
from typing import Final

from ..errors import LimitExceeded, RemoteProtocolError
from ..limits import DEFAULT_LIMITS, Limits
from .backends import check
from .inflaters import Brotli, Deflate, Gzip, Inflater, Zstd

PIECE: Final = 65_536
# What zlib has not consumed it copies, at every call: small windows keep that linear.
_WINDOW: Final = 16_384
_INFLATERS: Final[dict[str, tuple[Callable[[], Inflater], bool]]] = {
    # Whether another member or frame may follow (RFC 1952 2.2, RFC 8878 3.1).
    "gzip": (Gzip, True),
    "deflate": (Deflate, False),
    "br": (Brotli, False),
    "zstd": (Zstd, True),
}


class _Stage:
    """One coding: input waits in `_input` from `_position` on until read() asks for output."""

    __slots__ = (
        "_coding",
        "_consumed",
        "_inflater",
        "_input",
        "_limits",
        "_make",
        "_members",
        "_position",
        "_produced",
        "_several",
    )

    def __init__(self, coding: str, limits: Limits) -> None:
        self._coding = coding
        self._make, self._several = _INFLATERS[coding]
        self._limits = limits
        self._inflater: Inflater | None = None
        self._members = 0
        self._input = b""
        self._position = 0
        self._consumed = 0
        self._produced = 0

    def feed(self, data: bytes) -> None:
        """The next input; read() must have asked for it by returning b""."""
        self._input = data
        self._position = 0

    def read(self, size: int) -> bytes:
        """The next output; b"" where more input is needed."""
        while True:
            inflater = self._inflater
            if inflater is None:
                if self._position == len(self._input):
                    return b""
                inflater = self._next_member()
            window = b""
            if inflater.hungry:
                window = self._input[self._position : self._position + _WINDOW]
                if not window:
                    return b""
                self._position += len(window)
            output = self._inflate(inflater, window, size)
            if inflater.eof:
                self._position -= inflater.unused
                self._inflater = None
            if output:
                return output

    def finish(self) -> None:
        """The input is complete. Raises RemoteProtocolError where a member is not."""
        if self._inflater is not None:
            raise RemoteProtocolError(
                f"the {self._coding} body is cut short after {self._consumed} bytes"
                " (RFC 9110 8.4.1)"
            )

    def _next_member(self) -> Inflater:
        if self._members and not self._several:
            raise RemoteProtocolError(f"bytes stand behind the end of the {self._coding} body")
        self._members += 1
        if self._members > self._limits.members:
            # Each costs a new decoder, and may be as small as 13 bytes.
            raise LimitExceeded("members", self._limits.members)
        inflater = self._inflater = self._make()
        return inflater

    def _inflate(self, inflater: Inflater, window: bytes, size: int) -> bytes:
        try:
            output = inflater.inflate(window, size)
        except MemoryError:
            raise
        except Exception as error:
            # Each library has errors of its own; all mean the same.
            raise RemoteProtocolError(f"the body is not valid {self._coding}: {error}") from error
        self._consumed += len(window)
        self._produced += len(output)
        self._check()
        return output

    def _check(self) -> None:
        """Bombs: see Limits. A server answers 413."""
        limits, produced = self._limits, self._produced
        if produced > limits.decompression_size:
            name = "decompression_size"
        elif (
            produced > limits.decompression_burst
            and produced > limits.decompression_ratio * self._consumed
        ):
            name = "decompression_ratio"
        else:
            return
        raise LimitExceeded(name, getattr(limits, name), status_hint=413)


class ContentDecoder:
    """Undoes `codings`, given in the order in which they were applied (parse_codings()).

    feed() takes what arrives, read() gives what it decodes to, finish() tells that all has been
    fed and read. Raises MissingDistribution at once where a coding's library is not installed.
    """

    __slots__ = ("_input", "_stages")

    def __init__(self, codings: Sequence[str], limits: Limits = DEFAULT_LIMITS) -> None:
        for coding in codings:
            check(coding)
        self._stages = [_Stage(coding, limits) for coding in reversed(codings)]
        self._input = b""

    def feed(self, data: bytes) -> None:
        """The next bytes as they arrived; read() must have returned b"" before."""
        if self._input:
            raise RuntimeError("feed() before read() has returned b''")
        self._input = data

    def read(self, size: int = PIECE) -> bytes:
        """The next decoded bytes, about `size` (above 0) at most; b"" where it takes more input.

        Raises RemoteProtocolError for what is not in the coding, LimitExceeded for a bomb.
        """
        return self._pull(len(self._stages) - 1, size)

    def finish(self) -> None:
        """The input is complete. Raises RemoteProtocolError where it ends too early; a body
        without any bytes is complete, whatever coding it claims."""
        for stage in self._stages:
            stage.finish()

    def _pull(self, index: int, size: int) -> bytes:
        if index < 0:
            data, self._input = self._input, b""
            return data
        stage = self._stages[index]
        while True:
            output = stage.read(size)
            if output:
                return output
            data = self._pull(index - 1, PIECE)
            if not data:
                return b""
            stage.feed(data)


def decompress(data: bytes, codings: Sequence[str], limits: Limits = DEFAULT_LIMITS) -> bytes:
    """`data`, which is a whole body, without its codings; raises as ContentDecoder does."""
    decoder = ContentDecoder(codings, limits)
    decoder.feed(data)
    output = b"".join(iter(decoder.read, b""))
    decoder.finish()
    return output
