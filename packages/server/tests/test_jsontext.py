"""The quick ways to and from JSON say what the json module says."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server.jsontext import dumps, encoded, loads
from hypothesis import given, settings
from hypothesis import strategies as st

# Every kind of text, lone surrogates included.
TEXT = st.text(st.characters(), max_size=8) | st.text('"\\\x00\x1f\x7f\n\r\t\b\f', max_size=4)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)


VALUES = st.recursive(PLAIN, nested, max_leaves=10)


@given(VALUES)
@settings(max_examples=100, deadline=None)
def test_there_and_back(value: Any) -> None:
    text = dumps(value)
    assert text == json.dumps(value)
    assert encoded(value) == text.encode()
    assert loads(text) == value
    assert loads(f" {text}\n") == value


@given(VALUES, st.data())
@settings(max_examples=300, deadline=None)
def test_what_is_broken_fails_alike(value: Any, data: st.DataObject) -> None:
    """One character of a good text is changed, left out or doubled."""
    text = json.dumps(value, ensure_ascii=data.draw(st.booleans()))
    at = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(["", text[at] * 2, "0", "-", ".", "e", ",", '"', " ", "\x00"]))
    text = text[:at] + put + text[at + 1 :]
    assert outcome(loads, text) == outcome(json.loads, text)


@given(st.text(alphabet='[]{}",:0123456789.eE+-tfn \\u\n', max_size=20))
@settings(max_examples=200, deadline=None)
def test_what_is_none_fails_alike(text: str) -> None:
    assert outcome(loads, text) == outcome(json.loads, text)


def outcome(load: Callable[[str], Any], text: str) -> str:
    """What `load` gives, or what it says is wrong."""
    try:
        return repr(load(text))
    except json.JSONDecodeError as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize(
    "text",
    [
        "0", "-0", "-0.0", "01", "-", "-01", "1.", ".5", "1.5", "1e5", "1E+5", "1e-400", "1e400",
        "1e", "1e+", "+1", "999999999999999999", "-999999999999999999", "9999999999999999999",
        "123456789012345678901234567890", "1234567890123456789.5", "0.1", "NaN", "-Infinity",
        "true", "false", "null", "tru", "nullx", "t", "n", "f", '"',
        '"a', '"a\\nb"', '"\x7f"', '"\n"',
        '"\x00"', "1\x00", "[1\x00]", "[", "[1", "[1,", "[1,]", "[,1]", "[]", "[ ]", "[1 2]",
        "{", "{}",
        "{ }", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{"a" : 1 , "a" : 2}', '{a:1}',
        '{"a":1 "b":2}', '{1:2}', " [ 1 , { } ] ", "\v1", "1\v", "é", '"é"', '["\\ud83d\\ude00"]',
        "[" * 99 + "]" * 99, "[" * 100 + "]" * 100, "[" * 101 + "]" * 101, "[" * 300 + "]" * 299,
        '{"a":' * 120 + "1" + "}" * 120,
    ],
)  # fmt: skip
def test_all_corners(text: str) -> None:
    assert outcome(loads, text) == outcome(json.loads, text)


def test_objects_of_a_list_share_their_keys() -> None:
    found = loads('[{"one key": 1}, {"one key": 2}]')
    assert next(iter(found[0])) is next(iter(found[1]))


def test_a_kind_of_str() -> None:
    assert loads(Words('{"a": 1}')) == {"a": 1}


@pytest.mark.parametrize("text", ["", " ", "\ufeff1", "1 2", "[1]x", "nul", "{'a': 1}"])
def test_no_json(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        loads(text)


def test_what_cannot_be_dumped() -> None:
    circle: list[Any] = []
    circle.append(circle)
    for dump in (dumps, encoded):
        with pytest.raises(ValueError, match="Circular"):
            dump(circle)
        with pytest.raises(TypeError, match="not JSON serializable"):
            dump({"a": [object()]})
    # A failure leaves nothing behind.
    assert dumps([1]) == "[1]"
    assert dumps((1, "é", None, math.inf)) == '[1, "\\u00e9", null, Infinity]'
    assert dumps({1: True}) == '{"1": true}'


class Number(int):
    """A number that json knows as one."""

    def __repr__(self) -> str:
        return "no number"


class Words(str):
    __slots__ = ()


class Listed(list[Any]):
    """A list that json knows as one."""


@pytest.mark.parametrize(
    "value",
    [
        *(sign * 2**power + more for sign in (1, -1) for power in (0, 31, 62, 63, 64, 200)
          for more in (-1, 0, 1)),
        0.1, -0.0, 1e300, 1e-7, 1.0, math.nan, math.inf, -math.inf,
        (1, (2,), []), {}, {"a": {"b": [{}]}}, {1: 2, None: 3, 1.5: 4, False: 5},
        Number(7), Words("w"), {Words("k"): 1}, Listed([1]), [Number(1), "x"],
        "\U0001f600\ud800", "x" * 5000, ["é" * 3000] * 3,
    ],
)  # fmt: skip
def test_bytes_are_those_of_json(value: Any) -> None:
    assert encoded(value) == json.dumps(value).encode()


@pytest.mark.parametrize("depth", [49, 50, 51, 150])
def test_how_deep_it_goes(depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = {"a": [value]}
    assert encoded(value) == json.dumps(value).encode()


def test_a_number_that_is_too_long() -> None:
    with pytest.raises(ValueError, match="Exceeds the limit"):
        encoded([10**5000])
