"""Header and method names as constants."""

import pytest
from aiolos_protocol import hdrs, methods
from aiolos_protocol.http1.parser import load_headers
from multidict import istr

NAMES = {name: value for name, value in vars(hdrs).items() if name.isupper()}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_its_constants_own(name):
    value = NAMES[name]
    assert type(value) is istr
    assert value.upper().replace("-", "_") == name


def test_they_are_in_order():
    assert list(NAMES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_received_names_are_the_constants_themselves(name):
    value = NAMES[name]
    for spelling in (str(value), value.lower(), value.title()):
        ((key, _),) = load_headers(f"{spelling}: a\r\n".encode()).items()
        assert key == value


def test_methods():
    assert {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} < methods.ALL
    assert methods.QUERY == "QUERY"
    assert {methods.QUERY} == methods.IDEMPOTENT - methods.ALL
    assert "POST" not in methods.IDEMPOTENT
    assert "PATCH" not in methods.IDEMPOTENT
