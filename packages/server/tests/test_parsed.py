"""What a request's fields say."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiolos_protocol.fields.etag import ETag
from aiolos_server.component import request

MOMENT = datetime(1994, 11, 15, 12, 45, 26, tzinfo=UTC)
DATE = "Tue, 15 Nov 1994 12:45:26 GMT"


def asked(**fields: str) -> Any:
    """A request with these fields; underscores stand for hyphens."""
    return request("GET", "/", {name.replace("_", "-"): value for name, value in fields.items()})


def test_content_type_and_charset() -> None:
    found = asked(Content_Type='Text/HTML; Charset="UTF-8"; x=y')
    assert (found.content_type, found.charset) == ("text/html", "UTF-8")
    for broken in ("text", "text/", "; charset=utf-8", "a b/c"):
        assert asked(Content_Type=broken).content_type == "application/octet-stream"
    assert asked().content_type == "application/octet-stream"
    assert asked().charset is None


@pytest.mark.parametrize("name", ["if_modified_since", "if_unmodified_since", "if_range"])
def test_dates(name: str) -> None:
    assert getattr(asked(**{name: DATE}), name) == MOMENT
    assert getattr(asked(**{name: "yesterday"}), name) is None
    assert getattr(asked(), name) is None


@pytest.mark.parametrize("name", ["if_match", "if_none_match"])
def test_etags(name: str) -> None:
    found = getattr(asked(**{name: 'W/"a", "b"'}), name)
    assert found == (ETag("a", True), ETag("b"))
    assert getattr(asked(**{name: "*"}), name) == (ETag("*"),)
    assert getattr(asked(**{name: "broken"}), name) == ()
    assert getattr(asked(), name) is None


@pytest.mark.parametrize(
    ("field", "found"),
    [
        (None, slice(None, None, 1)),
        ("bytes=0-499", slice(0, 500, 1)),
        ("bytes=500-", slice(500, None, 1)),
        ("bytes=-500", slice(-500, None, 1)),
        ("bytes=-0", slice(0, 0, 1)),
    ],
)
def test_http_range(field: str | None, found: slice) -> None:
    one = asked() if field is None else asked(Range=field)
    assert one.http_range == found


@pytest.mark.parametrize("field", ["bytes=5-1", "bytes=a-b", "lines=0-1", "bytes=0-1,3-4", ""])
def test_http_range_that_is_none(field: str) -> None:
    with pytest.raises(ValueError):
        _ = asked(Range=field).http_range


def test_req_12_cookies() -> None:
    found = asked(Cookie='a=1; b="two"; c=; a=3; =nameless; d').cookies
    assert dict(found) == {"a": "3", "b": "two", "c": "", "d": ""}
    with pytest.raises(TypeError):
        found["a"] = "4"
    assert dict(asked().cookies) == {}


def test_forwarded() -> None:
    found = asked(Forwarded='for=192.0.2.1;proto=https, for="[2001:db8::1]:80";by=x').forwarded
    assert [dict(each) for each in found] == [
        {"for": "192.0.2.1", "proto": "https"},
        {"for": "[2001:db8::1]:80", "by": "x"},
    ]
    assert asked().forwarded == ()
