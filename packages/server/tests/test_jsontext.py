"""The quick ways to and from JSON say what the json module says."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server.jsontext import dumps, loads
from hypothesis import given, settings
from hypothesis import strategies as st

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)


VALUES = st.recursive(PLAIN, nested, max_leaves=10)


@given(VALUES)
@settings(max_examples=100)
def test_there_and_back(value: Any) -> None:
    text = dumps(value)
    assert text == json.dumps(value)
    assert loads(text) == value
    assert loads(f" {text}\n") == value


@given(st.text(alphabet='[]{}",:0123456789.eE+-tfn \\u\n', max_size=20))
@settings(max_examples=200)
def test_what_is_none_fails_alike(text: str) -> None:
    assert outcome(loads, text) == outcome(json.loads, text)


def outcome(load: Callable[[str], Any], text: str) -> str:
    """What `load` gives, or what it says is wrong."""
    try:
        return repr(load(text))
    except json.JSONDecodeError as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("text", ["", " ", "\ufeff1", "1 2", "[1]x", "nul", "{'a': 1}"])
def test_no_json(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        loads(text)


def test_what_cannot_be_dumped() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="Circular"):
        dumps(circle)
    # A failure leaves nothing behind.
    assert dumps([1]) == "[1]"
    with pytest.raises(TypeError, match="not JSON serializable"):
        dumps({"a": object()})
    assert dumps((1, "é", None, math.inf)) == '[1, "\\u00e9", null, Infinity]'
    assert dumps({1: True}) == '{"1": true}'
