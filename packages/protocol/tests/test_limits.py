"""Limits: what a value may be. That each is kept is tested where it is kept; here, that one is."""

import re
import sys
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import aiolos_protocol
import pytest
from aiolos_protocol.errors import LimitExceeded
from aiolos_protocol.limits import DEFAULT_LIMITS, WORDS, Limits, changed_limits

NAMES = [field.name for field in fields(Limits)]


@pytest.mark.parametrize("name", NAMES)
def test_every_limit_is_a_positive_int(name):
    assert getattr(Limits(**{name: 1}), name) == 1
    for value in (0, -1, 1.0, "1", None, True):
        with pytest.raises(ValueError, match=rf"Limits\.{name} must be a positive int"):
            Limits(**{name: value})


@pytest.mark.parametrize("name", NAMES)
def test_no_bound_is_two_to_the_fortieth(name):
    assert getattr(Limits(**{name: 2**40 - 1}), name) == 2**40 - 1
    for value in (2**40, sys.maxsize, 2**63, 10**100):
        assert getattr(Limits(**{name: value}), name) == 2**40


def test_by_aiohttp_s_words_it_is_so_too():
    for word, name in WORDS.items():
        limits = changed_limits(DEFAULT_LIMITS, {word: sys.maxsize})
        assert getattr(limits, name) == 2**40
        assert limits.head in (DEFAULT_LIMITS.head, 2**40)
        for value in (float("inf"), 0, -1, "x", True):
            with pytest.raises(ValueError, match=f"^{word} must be a positive int, not {value!r}"):
                changed_limits(DEFAULT_LIMITS, {word: value})


def test_a_line_may_fill_the_buffer_that_is_asked_for():
    limits = changed_limits(DEFAULT_LIMITS, {"read_bufsize": 1000})
    assert (limits.body_buffer, limits.body_line) == (2000, 2000)


def test_by_words_of_ones_own():
    words = {**WORDS, "largest": "body_size"}
    assert changed_limits(DEFAULT_LIMITS, {"largest": 5}, words).body_size == 5
    assert changed_limits(DEFAULT_LIMITS, {"largest": 5}) is DEFAULT_LIMITS


@pytest.mark.parametrize("name", NAMES)
def test_every_limit_is_kept_somewhere(name):
    folder = Path(aiolos_protocol.__file__).parent
    sources = [path for path in folder.rglob("*.py*") if path.name != "limits.py"]
    use = re.compile(rf"imits\.{name}\b")
    assert any(use.search(path.read_text()) for path in sources if path.suffix in (".py", ".pyx"))


def test_limits_do_not_change():
    with pytest.raises(FrozenInstanceError):
        DEFAULT_LIMITS.head = 1
    with pytest.raises(TypeError):
        Limits(heads=1)


def test_an_exceeded_limit_says_how_to_raise_it():
    error = LimitExceeded("head", 65536, status_hint=431)
    assert str(error) == "the limit head=65536 was exceeded; raise it with Limits(head=...)"
    assert (error.limit, error.value, error.status_hint) == ("head", 65536, 431)
