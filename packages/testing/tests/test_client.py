"""TestClient, over a session that notes what it is asked."""

import asyncio
import gc
import warnings
from typing import Any

import pytest
from aiolos_protocol import siblings
from aiolos_protocol.errors import MissingDistribution
from aiolos_testing import TestClient, TestServer, start_test_client


class Pending:
    """What a session's request() gives."""

    def __init__(self, result: Any) -> None:
        self.result = result

    def __await__(self) -> Any:
        return self.result
        yield

    async def __aenter__(self) -> Any:
        return self.result

    async def __aexit__(self, *exc: object) -> None:
        self.result.events.append("left")


class Result:
    """A response or a WebSocket."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def release(self) -> None:
        self.events.append("released")

    async def close(self) -> None:
        self.events.append("closed")


class Session:
    """contracts.Requester."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.asked: list[Any] = []
        self.closed = False
        self.connect: Any = None

    def request(self, method: str, url: Any, **options: Any) -> Pending:
        self.asked.append((method, url.raw_path_qs, options))
        return Pending(Result())

    def head(self, url: Any, **options: Any) -> Pending:
        return self.request("HEAD", url, by="head", **options)

    def ws_connect(self, url: Any, **options: Any) -> Pending:
        self.asked.append(("ws", url.raw_path_qs, options))
        return Pending(Result())

    async def close(self) -> None:
        self.closed = True


class Component:
    """contracts.ClientComponent."""

    @staticmethod
    def loopback_session(*, connect: Any, **options: Any) -> Session:
        session = Session(options)
        session.connect = connect
        return session


@pytest.fixture(autouse=True)
def _component(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(siblings._bound, "client", Component)


async def test_it_takes_an_application(tiny: Any) -> None:
    app = tiny()
    async with TestClient(app, headers={"A": "b"}, cookie_jar="jar") as client:
        assert client.app is app
        assert (client.host, client.port) == ("127.0.0.1", client.server.port)
        assert client.session.options == {"headers": {"A": "b"}, "cookie_jar": "jar"}
        session = client.session
    assert client.closed
    assert session.closed
    assert client.server.closed


async def test_it_takes_a_server_that_runs_already(tiny: Any) -> None:
    async with TestServer(tiny()) as server, TestClient(server) as client:
        assert client.server is server


@pytest.mark.parametrize("wrap", [lambda app: app, TestServer])
async def test_it_takes_a_coroutine_of_either(tiny: Any, wrap: Any) -> None:
    async def make() -> Any:
        return wrap(tiny())

    client = TestClient(make())
    with pytest.raises(RuntimeError, match="has not been started, and what it is to serve"):
        client.get("/")
    async with client:
        assert client.make_url("/").port == client.port


async def test_a_coroutine_that_is_not_needed_warns_nobody(tiny: Any) -> None:
    async def make() -> Any:
        raise AssertionError

    client = TestClient(make())
    await client.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del client
        gc.collect()


async def test_an_option_that_is_none_is_told_at_the_start(
    tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Strict(Component):
        @staticmethod
        def loopback_session(*, connect: Any, headers: Any = None) -> Session:  # type: ignore[override]
            return Session({"headers": headers})

    monkeypatch.setitem(siblings._bound, "client", Strict)
    client = TestClient(tiny(), header={})
    with pytest.raises(TypeError, match="header"):
        await client.start_server()
    assert client.closed
    assert client.server.closed
    async with TestClient(tiny(), headers={"A": "b"}) as client:
        assert client.session.options == {"headers": {"A": "b"}}


async def test_in_memory_the_session_connects_by_the_server(tiny: Any) -> None:
    async with TestClient(tiny(), transport="memory") as client:
        assert client.session.connect == client.server.connect
    async with TestClient(tiny()) as client:
        assert client.session.connect is None


async def test_options_of_the_server_that_it_makes(tiny: Any) -> None:
    async with TestClient(tiny(), server_options={"host": "localhost"}) as client:
        assert client.host == "localhost"
    with pytest.raises(TypeError, match="transport and server_options are for a server made here"):
        TestClient(TestServer(tiny()), server_options={"host": "localhost"})


async def test_every_verb_asks_by_its_method(tiny: Any) -> None:
    async with TestClient(tiny()) as client:
        await client.request("BREW", "/tea", data=b"1")
        for verb in ("get", "options", "head", "post", "put", "patch", "delete"):
            await getattr(client, verb)("/a?b", params={})
        await client.ws_connect("/ws", protocols=("chat",))
        assert client.session.asked == [
            ("BREW", "/tea", {"data": b"1"}),
            ("GET", "/a?b", {"params": {}}),
            ("OPTIONS", "/a?b", {"params": {}}),
            ("HEAD", "/a?b", {"params": {}, "by": "head"}),
            ("POST", "/a?b", {"params": {}}),
            ("PUT", "/a?b", {"params": {}}),
            ("PATCH", "/a?b", {"params": {}}),
            ("DELETE", "/a?b", {"params": {}}),
            ("ws", "/ws", {"protocols": ("chat",)}),
        ]


async def test_what_was_awaited_is_given_back_at_the_end(tiny: Any) -> None:
    async with TestClient(tiny()) as client:
        response = await client.get("/")
        websocket = await client.ws_connect("/")
        async with client.get("/") as entered:
            pass
    assert response.events == ["released"]
    assert websocket.events == ["closed"]
    assert entered.events == ["left"]


async def test_what_is_asked_can_be_a_task(tiny: Any) -> None:
    async with TestClient(tiny()) as client:
        one, other = await asyncio.gather(
            asyncio.create_task(client.get("/")), asyncio.create_task(client.ws_connect("/"))
        )
        with pytest.raises(ZeroDivisionError):
            client.get("/").throw(ZeroDivisionError())
        client.get("/").close()  # and nobody is warned
    assert (one.events, other.events) == (["released"], ["closed"])


async def test_a_client_that_does_not_run_says_what_to_do(tiny: Any) -> None:
    client = TestClient(tiny())
    with pytest.raises(RuntimeError, match="TestClient has not been started: write 'async with'"):
        client.get("/")
    async with client:
        pass
    await client.close()
    with pytest.raises(RuntimeError, match="this TestClient is closed; make another one"):
        client.get("/")
    with pytest.raises(RuntimeError, match="this TestClient is closed; make another one"):
        await client.start_server()


async def test_a_client_started_in_one_step(tiny: Any) -> None:
    client = await start_test_client(tiny(), headers={"A": "b"})
    assert client.port
    await client.close()


def test_what_cannot_be_served_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="takes an application, a TestServer or an awaitable"):
        TestClient("http://example.com")  # type: ignore[arg-type]


@pytest.mark.usefixtures("absent")
def test_it_names_what_to_install(tiny: Any) -> None:
    with pytest.raises(MissingDistribution, match=r"^TestClient needs .*pip install aiolos-client"):
        TestClient(tiny())
