"""Content-Transfer-Encoding: base64 and quoted-printable, piece by piece (RFC 2045 6).

The other encodings (7bit, 8bit, binary) leave the bytes as they are.
"""

import re
from binascii import a2b_base64, a2b_qp, b2a_base64
from typing import Final, Protocol

from .boundary import MalformedMultipart, NotUnderstood, UnknownCoding

IDENTITY: Final = ("", "7bit", "8bit", "binary")
ENCODED: Final = ("base64", "quoted-printable")

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_SPACE: Final = b" \t\r\n"
# RFC 2045 6.8 and 6.7 (5): lines of at most 76 characters.
_LINE: Final = 76
_BYTES_OF_LINE: Final = 57
# RFC 2045 6.7 (2): what stands for itself.
_LITERAL: Final = frozenset(set(range(33, 127)) - {ord("=")} | {ord(" ")})
_ESCAPED: Final = tuple(
    bytes((byte,)) if byte in _LITERAL else b"=%02X" % byte for byte in range(256)
)
# An equals sign that begins neither an escape nor a soft line break, and one of which that cannot
# be told yet.
_BARE: Final = re.compile(rb"=(?![0-9A-Fa-f]{2}|\r?\n)")
_BEGUN: Final = re.compile(rb"=[0-9A-Fa-f\r]?\Z")


class TransferCoder(Protocol):
    """One direction of one encoding."""

    def feed(self, data: bytes) -> bytes:
        """What can be told of the result after `data`."""

    def finish(self) -> bytes:
        """The rest. Decoders raise MalformedMultipart where something is missing."""


class Base64Encoder:
    """RFC 2045 6.8."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """As TransferCoder.feed; whole lines only."""
        data = self._rest + data
        whole = len(data) - len(data) % _BYTES_OF_LINE
        self._rest = data[whole:]
        text = b2a_base64(data[:whole], newline=False)
        return b"".join(
            [text[start : start + _LINE] + b"\r\n" for start in range(0, len(text), _LINE)]
        )

    def finish(self) -> bytes:
        """As TransferCoder.finish."""
        return b2a_base64(self._rest, newline=False) if self._rest else b""


class QuotedPrintableEncoder:
    """RFC 2045 6.7, of binary data: line ends are encoded like all else."""

    __slots__ = ("_line",)

    def __init__(self) -> None:
        self._line = b""

    def feed(self, data: bytes) -> bytes:
        """As TransferCoder.feed; what may be the last line is kept."""
        text = self._line + b"".join([_ESCAPED[byte] for byte in data])
        lines = []
        start = 0
        while len(text) - start > _LINE:
            end = start + _LINE - 1
            # An escape is not torn; there are none of one or two characters.
            equals = text.rfind(b"=", end - 2, end)
            if equals >= 0:
                end = equals
            lines.append(text[start:end] + b"=\r\n")
            start = end
        self._line = text[start:]
        return b"".join(lines)

    def finish(self) -> bytes:
        """As TransferCoder.finish; a space at the very end would not survive (6.7 (3))."""
        if self._line.endswith(b" "):
            return self._line[:-1] + b"=20"
        return self._line


class Base64Decoder:
    """RFC 2045 6.8: white space is ignored, padding is the end.

    Other characters outside the alphabet, which mail ignores as well, are refused: there they hint
    at an error of transmission, here at somebody who counts on another decoder.
    """

    __slots__ = ("_ended", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        """As TransferCoder.feed. Raises MalformedMultipart for a foreign character, or more behind
        the padding."""
        text = data.translate(None, _SPACE)
        if foreign := text.translate(None, _ALPHABET):
            raise MalformedMultipart(f"base64 does not have {foreign[:1]!r} (RFC 2045 6.8)")
        text = self._rest + text
        if self._ended and text:
            raise MalformedMultipart("base64 goes on behind its padding (RFC 2045 6.8)")
        whole = len(text) - len(text) % 4
        self._rest = text[whole:]
        text = text[:whole]
        padding = text.find(b"=")
        if padding >= 0:
            if len(text) - padding > 2 or text[padding:].strip(b"=") or self._rest:
                raise MalformedMultipart("base64 goes on behind its padding (RFC 2045 6.8)")
            self._ended = True
        return a2b_base64(text)

    def finish(self) -> bytes:
        """As TransferCoder.finish."""
        if self._rest:
            raise MalformedMultipart("base64 is cut short (RFC 2045 6.8)")
        return b""


class QuotedPrintableDecoder:
    """RFC 2045 6.7; an equals sign that begins nothing is refused."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """As TransferCoder.feed; what may become an escape is kept. Raises MalformedMultipart for
        an equals sign that begins none."""
        data = self._rest + data
        begun = _BEGUN.search(data, max(0, len(data) - 2))
        whole = begun.start() if begun is not None else len(data)
        self._rest = data[whole:]
        # The library would drop a bare sign, or the line behind it.
        if bare := _BARE.search(data, 0, whole):
            near = data[bare.start() : bare.start() + 3]
            raise MalformedMultipart(f"quoted-printable does not have {near!r} (RFC 2045 6.7)")
        return a2b_qp(data[:whole])

    def finish(self) -> bytes:
        """As TransferCoder.finish; where a soft line break comes last, its line end is taken for
        that of the delimiter."""
        if self._rest not in (b"", b"="):
            raise MalformedMultipart("quoted-printable is cut short (RFC 2045 6.7)")
        return b""


def encoder(name: str) -> TransferCoder | None:
    """An encoder for a Content-Transfer-Encoding, None where it changes nothing. Raises
    ValueError for one that is not known."""
    if name == "base64":
        return Base64Encoder()
    if name == "quoted-printable":
        return QuotedPrintableEncoder()
    if name in IDENTITY:
        return None
    known = ", ".join((*ENCODED, *IDENTITY[1:]))
    raise UnknownCoding(f"the content transfer encoding {name!r:.40} is not one of {known}")


def decoder(name: str) -> TransferCoder | None:
    """A decoder, as encoder(). Raises MalformedMultipart for an encoding that is not known."""
    if name == "base64":
        return Base64Decoder()
    if name == "quoted-printable":
        return QuotedPrintableDecoder()
    if name in IDENTITY:
        return None
    raise NotUnderstood(
        f"the content transfer encoding {name!r:.40} is not known (RFC 2045 6.1)", status_hint=415
    )
