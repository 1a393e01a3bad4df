"""Content-Transfer-Encoding (RFC 2045 6)."""

import base64
import binascii
import quopri
from itertools import pairwise

import pytest
from aiolos_protocol.multipart import MalformedMultipart
from aiolos_protocol.multipart.transfer import TransferCoder, decoder, encoder
from hypothesis import example, given
from hypothesis import strategies as st

NAMES = st.sampled_from(["base64", "quoted-printable"])


def run(coder: TransferCoder | None, data: bytes, piece: int) -> bytes:
    assert coder is not None
    pieces = [coder.feed(data[start : start + piece]) for start in range(0, len(data), piece)]
    return b"".join((*pieces, coder.finish()))


@given(NAMES, st.binary(max_size=300) | st.text(max_size=200).map(str.encode), st.integers(1, 80))
def test_round_trip_in_pieces(name: str, data: bytes, piece: int) -> None:
    encoded = run(encoder(name), data, piece)
    assert encoded == run(encoder(name), data, 10_000)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert not encoded.translate(None, bytes(range(32, 127)) + b"\r\n")
    assert run(decoder(name), encoded, piece) == data


def outcome(name: str, data: bytes, cuts: list[int]) -> bytes | None:
    """What `data`, cut at `cuts`, is decoded to; None for an error."""
    coder = decoder(name)
    assert coder is not None
    ends = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    try:
        pieces = [coder.feed(data[start:end]) for start, end in pairwise(ends)]
        return b"".join((*pieces, coder.finish()))
    except MalformedMultipart:
        return None


@given(
    NAMES,
    st.text(alphabet="=4aAzQ\r\n \t", max_size=30).map(str.encode),
    st.lists(st.integers(1, 30), max_size=8),
)
@example("quoted-printable", b"==41", [1])
@example("quoted-printable", b"a==\r\n", [2])
@example("quoted-printable", b"=\rabc\ndef", [1, 2])
def test_pieces_change_nothing(name: str, data: bytes, cuts: list[int]) -> None:
    """Also where it is broken, or nearly so."""
    whole = outcome(name, data, [])
    assert outcome(name, data, cuts) == whole
    assert outcome(name, data, list(range(len(data)))) == whole


@given(st.binary(max_size=300), st.integers(1, 80))
@example(b"\n\r\n", 1)
def test_the_standard_library_agrees(data: bytes, piece: int) -> None:
    assert base64.b64decode(run(encoder("base64"), data, piece)) == data
    assert run(decoder("base64"), base64.encodebytes(data), piece) == data
    assert quopri.decodestring(run(encoder("quoted-printable"), data, piece)) == data
    # Not quopri.encodestring(): it takes data for text and writes all line ends alike.
    encoded = binascii.b2a_qp(data, quotetabs=True, istext=False)
    assert run(decoder("quoted-printable"), encoded, piece) == data


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (b"", b""),
        (b"YQ==", b"a"),
        (b"Y\r\nQ =\t= ", b"a"),
    ],
)
def test_base64(text: bytes, data: bytes) -> None:
    for piece in (1, 3, 100):
        assert run(decoder("base64"), text, piece) == data


@pytest.mark.parametrize(
    "text",
    [b"Y", b"YQ", b"YWI", b"YWJjY", b"YQ==YQ==", b"YQ=a", b"=", b"====", b"YQ===", b"!!",
     b"YWJj!ZGVm", b"Y*W(J)j", b"YWJj\0", b"YQ==!", b"YQ-_"],
)  # fmt: skip
def test_base64_that_is_broken(text: bytes) -> None:
    for piece in (1, 3, 100):
        with pytest.raises(MalformedMultipart, match="base64"):
            run(decoder("base64"), text, piece)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (b"a=3Db=\r\nc=\nd", b"a=bcd"),
        (b"=c3=bc", b"\xc3\xbc"),
        (b"two\r\nlines", b"two\r\nlines"),
        (b"=3d=3D", b"=="),
        # The line end behind it is that of the delimiter.
        (b"a=", b"a"),
    ],
)
def test_quoted_printable(text: bytes, data: bytes) -> None:
    for piece in (1, 2, 100):
        assert run(decoder("quoted-printable"), text, piece) == data


@pytest.mark.parametrize(
    "text",
    [b"=zz", b"=ZZ=", b"==41", b"a==\r\nb", b"=\rabc\ndef", b"=4", b"=\r", b"=4\r\n", b"= \n"],
)
def test_quoted_printable_that_is_broken(text: bytes) -> None:
    for piece in (1, 2, 100):
        with pytest.raises(MalformedMultipart, match="quoted-printable"):
            run(decoder("quoted-printable"), text, piece)


def test_a_space_at_the_end_survives() -> None:
    assert run(encoder("quoted-printable"), b"a ", 1) == b"a=20"


@pytest.mark.parametrize("name", ["", "7bit", "8bit", "binary"])
def test_encodings_that_change_nothing(name: str) -> None:
    assert encoder(name) is decoder(name) is None


def test_encodings_that_are_not_known() -> None:
    with pytest.raises(ValueError, match="'uuencode' is not one of base64"):
        encoder("uuencode")
    with pytest.raises(MalformedMultipart, match="uuencode") as caught:
        decoder("uuencode")
    assert caught.value.status_hint == 415
