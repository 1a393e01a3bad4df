"""Quality values (RFC 9110 12.4.2, 12.5)."""

import pytest
from aiolos_protocol.fields.accept import choose_coding, choose_media_type, parse_accept


def test_order_and_weights() -> None:
    assert parse_accept("text/html;level=1;q=0.5, a/b, text/*; Q=0.7;ext, c/d;q=1.000,*/*;q=0") == (
        ("a/b", 1.0),
        ("c/d", 1.0),
        ("text/*", 0.7),
        ("text/html; level=1", 0.5),
        ("*/*", 0.0),
    )


@pytest.mark.parametrize("weight", ["1.1", "2", "-1", "", "0.1234", "1.001", "nan", "1e0", "٠"])
def test_malformed_weights(weight: str) -> None:
    assert parse_accept(f"gzip;q={weight}, br") == (("br", 1.0),)


@pytest.mark.parametrize(
    ("value", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, br", "br"),
        ("gzip;q=1, br;q=0.5", "gzip"),
        ("br;q=0, *", "gzip"),
        ("*", "br"),
        ("*;q=0", None),
        ("identity", None),
        ("gzip;q=0", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("compress, deflate;q=0.5", "deflate"),
        ("gzip;q=broken", None),
        ("gzip;q=0.001", "gzip"),
    ],
)
def test_coding(value: str | None, coding: str | None) -> None:
    assert choose_coding(value, ("br", "gzip", "deflate")) == coding


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/html", "text/html"),
        ("text/*, application/json;q=0.5", "text/html"),
        ("text/html;q=0, */*", "application/json"),
        ("text/*;q=0.3, text/html;q=0.1, */*;q=0.2", "application/json"),
        ("image/png", None),
        ("APPLICATION/JSON;charset=utf-8", "application/json"),
        ("text/html;level=1, text/html;q=0, application/json;q=0.5", "application/json"),
        ("text/html;level=1, text/html;q=0.1, application/json;q=0.5", "application/json"),
    ],
)
def test_media_type(value: str | None, chosen: str | None) -> None:
    assert choose_media_type(value, ("application/json", "text/html")) == chosen


def test_nothing_offered() -> None:
    assert choose_media_type(None, ()) is None
    assert choose_coding("gzip", ()) is None
