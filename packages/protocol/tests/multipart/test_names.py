"""Content-Disposition by aiohttp's names."""

import pytest
from aiolos_protocol.multipart import (
    BadContentDispositionHeader,
    content_disposition_filename,
    parse_content_disposition,
)


def test_parsing() -> None:
    found = parse_content_disposition("attachment; filename*=UTF-8''%c3%bc; x=y")
    assert found == ("attachment", {"filename": "ü", "x": "y"})
    assert parse_content_disposition(None) == parse_content_disposition("") == (None, {})


def test_what_names_no_type_is_ignored_with_a_warning() -> None:
    with pytest.warns(BadContentDispositionHeader, match="inline filename=a"):
        assert parse_content_disposition("inline filename=a") == (None, {})


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({}, None),
        ({"filename": "a"}, "a"),
        ({"filename": "a", "filename*": "ü"}, "ü"),
        ({"filename*1": "b", "filename*0": "a", "filename*3": "d"}, "ab"),
        ({"filename*0*": "UTF-8''%C3%BC", "filename*1": "b"}, "üb"),
        ({"filename*1": "b"}, None),
        ({"name": "a"}, None),
    ],
)
def test_filenames(params: dict[str, str], name: str | None) -> None:
    assert content_disposition_filename(params) == name


def test_other_names() -> None:
    assert content_disposition_filename({"name": "n"}, "name") == "n"
