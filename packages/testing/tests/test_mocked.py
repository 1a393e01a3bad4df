"""Requests without a connection, coroutine functions without a body."""

from typing import Any

import pytest
from aiolos_protocol import siblings
from aiolos_protocol.errors import MissingDistribution
from aiolos_testing import make_mocked_coro, make_mocked_request


def test_a_request_is_made_by_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    class Component:
        @staticmethod
        def request(*arguments: Any, **options: Any) -> Any:
            return arguments, options

    monkeypatch.setitem(siblings._bound, "server", Component)
    assert make_mocked_request("GET", "/a", {"A": "b"}, match_info={"c": "d"}, payload=b"e") == (
        ("GET", "/a", {"A": "b"}),
        {"match_info": {"c": "d"}, "app": None, "payload": b"e"},
    )
    with pytest.raises(TypeError, match="payload takes the body's bytes, not str"):
        make_mocked_request("GET", "/", payload="text")  # type: ignore[arg-type]


@pytest.mark.usefixtures("absent")
def test_a_request_names_what_to_install() -> None:
    with pytest.raises(MissingDistribution, match=r"^make_mocked_request\(\) needs .*-server"):
        make_mocked_request("GET", "/")


async def test_a_coroutine_function_gives_and_raises() -> None:
    gives = make_mocked_coro(3)
    assert await gives("a", b=1) == 3
    gives.assert_awaited_once_with("a", b=1)
    assert await make_mocked_coro()() is None
    raises = make_mocked_coro(raise_exception=KeyError("a"))
    with pytest.raises(KeyError):
        await raises()
