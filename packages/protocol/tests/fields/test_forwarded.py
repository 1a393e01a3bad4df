"""Forwarded (RFC 7239)."""

import pytest
from aiolos_protocol.fields.forwarded import parse_forwarded


@pytest.mark.parametrize(
    ("values", "elements"),
    [
        ([], []),
        ([""], []),
        (['For="[2001:db8:cafe::17]:4711"'], [{"for": "[2001:db8:cafe::17]:4711"}]),
        (
            ["for=192.0.2.60;proto=http;by=203.0.113.43"],
            [{"for": "192.0.2.60", "proto": "http", "by": "203.0.113.43"}],
        ),
        (["for=a, for=b", "for=c"], [{"for": "a"}, {"for": "b"}, {"for": "c"}]),
        (["for=192.0.2.43:47011, for=[::1]"], [{"for": "192.0.2.43:47011"}, {"for": "[::1]"}]),
        ([r'for="_a\"b,;c"; host=x'], [{"for": '_a"b,;c', "host": "x"}]),
        (["for=a;for=b, for=c"], [{}, {"for": "c"}]),
        (["for=a;junk, for=c"], [{}, {"for": "c"}]),
        (['for="open, for=c'], [{}]),
        (["for = a"], [{}]),
    ],
)
def test_elements(values: list[str], elements: list[dict[str, str]]) -> None:
    assert [dict(each) for each in parse_forwarded(values)] == elements


def test_elements_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        parse_forwarded(["for=a"])[0]["for"] = "b"  # type: ignore[index]
