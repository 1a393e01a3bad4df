"""Requests without a connection, coroutine functions without a body."""

from typing import Any

import pytest
from aiolos_protocol import siblings
from aiolos_protocol.errors import MissingDistribution
from aiolos_protocol.message import HttpVersion10, HttpVersion11
from aiolos_testing import make_mocked_coro, make_mocked_request


def test_a_request_is_made_by_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    class Component:
        @staticmethod
        def request(*arguments: Any, **options: Any) -> Any:
            return arguments, options

    monkeypatch.setitem(siblings._bound, "server", Component)
    arguments, options = make_mocked_request(
        "GET", "/a", {"A": "b"}, match_info={"c": "d"}, payload=b"e", closing=True
    )
    transport = options.pop("transport")
    assert arguments == ("GET", "/a", {"A": "b"})
    assert options == {
        "match_info": {"c": "d"},
        "app": None,
        "payload": b"e",
        "version": (1, 1),
        "keep_alive": False,
        "client_max_size": 1024**2,
    }
    assert transport.get_extra_info("peername") == ("127.0.0.1", 50_000)
    assert transport.get_extra_info("ssl_object") is None


def test_what_is_not_there_is_refused_with_advice() -> None:
    with pytest.raises(TypeError, match="payload takes the body's bytes or a StreamReader"):
        make_mocked_request("GET", "/", payload="text")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="has no writer: what is sent is in request.exchange"):
        make_mocked_request("GET", "/", writer=object())


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


@pytest.mark.parametrize(
    ("version", "headers", "kept"),
    [
        (HttpVersion11, None, True),
        (HttpVersion10, None, False),
        (HttpVersion10, {"connection": "Keep-Alive"}, True),
    ],
)
def test_http_1_0_goes_on_only_where_it_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, version: Any, headers: Any, kept: bool
) -> None:
    class Component:
        @staticmethod
        def request(*arguments: Any, **options: Any) -> Any:
            return options["keep_alive"]

    monkeypatch.setitem(siblings._bound, "server", Component)
    assert make_mocked_request("GET", "/", headers, version=version) is kept
