"""Tuples of a class, made without its own `__new__`."""

from typing import NamedTuple

import pytest
from aiolos_protocol.websocket import WSMessage, WSMsgType
from aiolos_websocket.tuples import made


class Pair(NamedTuple):
    one: object
    two: object


def test_what_is_made_is_as_if_the_class_had_made_it():
    message = made(WSMessage, (WSMsgType.TEXT, "a", None))
    assert type(message) is WSMessage
    assert message == WSMessage(WSMsgType.TEXT, "a", None)
    assert hash(message) == hash(WSMessage(WSMsgType.TEXT, "a", None))
    assert (message.type, message.data, message.extra) == (WSMsgType.TEXT, "a", None)
    assert made(Pair, (1, 2)).two == 2


def test_a_class_that_is_none_of_tuples():
    with pytest.raises(TypeError):
        made(dict, (1, 2))
    with pytest.raises(TypeError):
        made(1, (1, 2))
