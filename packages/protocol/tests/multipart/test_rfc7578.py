"""RFC 7578 (forms) and RFC 2046 5.1 (multipart), section by section."""

import asyncio

import pytest
from aiolos_protocol.multipart import MalformedMultipart, MultipartReader
from aiolos_protocol.streams import StreamReader

HEADERS = {"Content-Type": "multipart/form-data; boundary=AaB03x"}
Parts = list[tuple[str | None, str | None, bytes]]


def parts_of(data: bytes, headers: dict[str, str] = HEADERS, step: int = 7) -> Parts:
    """Name, file name and content of each part."""

    async def read() -> Parts:
        body = StreamReader()
        for start in range(0, len(data), step):
            body.feed_data(data[start : start + step])
        body.feed_eof()
        return [
            (part.name, part.filename, bytes(await part.read(decode=True)))
            async for part in MultipartReader(headers, body)
            if not isinstance(part, MultipartReader)
        ]

    return asyncio.run(read())


def form(*parts: bytes) -> bytes:
    return b"".join(b"--AaB03x\r\n" + part + b"\r\n" for part in parts) + b"--AaB03x--\r\n"


def test_2046_5_1_1_preamble_epilogue_and_padding_are_ignored() -> None:
    data = b"preamble\r\n--AaB03x \t\r\n\r\nbody\r\n--AaB03x--\t\r\nepilogue\r\n--AaB03x\r\n"
    assert parts_of(data) == [(None, None, b"body")]


def test_2046_5_1_1_the_line_end_before_a_delimiter_belongs_to_it() -> None:
    assert parts_of(form(b"\r\nbody\r\n")) == [(None, None, b"body\r\n")]
    assert parts_of(form(b"\r\n")) == [(None, None, b"")]


def test_2046_5_1_1_a_delimiter_is_a_whole_line() -> None:
    with pytest.raises(MalformedMultipart, match=r"5\.1\.1"):
        parts_of(form(b"\r\nbody\r\n--AaB03xyz"))
    assert parts_of(form(b"\r\na --AaB03x b")) == [(None, None, b"a --AaB03x b")]


def test_2046_5_1_1_the_closing_delimiter_may_not_be_missing() -> None:
    with pytest.raises(MalformedMultipart, match="closing delimiter"):
        parts_of(form(b"\r\nbody").removesuffix(b"--AaB03x--\r\n"))


@pytest.mark.parametrize("boundary", ["", "a" * 71, '"a b "', "a;b=c", '"\u00e9"'])
def test_2046_5_1_1_boundaries(boundary: str) -> None:
    if boundary == "a;b=c":
        # That is the boundary "a" and a parameter of another name.
        assert parts_of(b"--a--", {"Content-Type": f"multipart/mixed; boundary={boundary}"}) == []
        return
    with pytest.raises(MalformedMultipart, match="boundar"):
        parts_of(b"", {"Content-Type": f"multipart/mixed; boundary={boundary}"})


def test_4_2_fields_and_files_have_names() -> None:
    data = form(
        b'content-disposition: form-data; name="field1"\r\n\r\nJoe Blow',
        b'Content-Disposition: form-data; name="pics"; filename="a.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nfile",
    )
    assert parts_of(data) == [("field1", None, b"Joe Blow"), ("pics", "a.txt", b"file")]


def test_4_2_names_come_in_utf_8_or_percent_encoded_as_browsers_send_them() -> None:
    head = 'Content-Disposition: form-data; name="n\u00e4me%22"; filename="\u00e9%0D%0A.txt"'
    ((name, filename, _),) = parts_of(form(head.encode() + b"\r\n\r\nx"))
    assert name == 'n\u00e4me"'
    assert filename == "\u00e9\r\n.txt"


def test_4_3_several_files_of_one_field_keep_their_order() -> None:
    head = b'Content-Disposition: form-data; name="f"; filename="%d"\r\n\r\n%d'
    found = parts_of(form(head % (1, 1), head % (2, 2)))
    assert [(filename, body) for _, filename, body in found] == [("1", b"1"), ("2", b"2")]


def test_4_6_the_charset_of_all_fields() -> None:
    head = b'Content-Disposition: form-data; name="%b"\r\n\r\n%b'
    data = form(head % (b"_charset_", b"latin-1"), head % (b"a", b"\xe9"))

    async def read() -> str:
        body = StreamReader()
        body.feed_data(data)
        body.feed_eof()
        part = await MultipartReader(HEADERS, body).next()
        assert part is not None
        assert not isinstance(part, MultipartReader)
        return await part.text()

    assert asyncio.run(read()) == "\u00e9"


def test_4_7_transfer_encodings_are_undone_although_they_are_deprecated() -> None:
    part = (
        b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj'
    )
    assert parts_of(form(part)) == [("a", None, b"abc")]
