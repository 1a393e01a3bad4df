"""The suites find what is wrong, and quote the clause; what is right passes them."""

import asyncio
from typing import Any

import pytest
from aiolos_protocol.contracts import WebSocketComponent
from aiolos_testing.conformance import (
    NonConformance,
    check_requester,
    check_servable,
    check_websocket_component,
    requirement,
)
from multidict import CIMultiDict
from yarl import URL


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirement, "PATIENCE", 1.0)


@pytest.mark.parametrize("suite", [check_servable, check_requester])
@pytest.mark.parametrize("given", [None, object()])
async def test_a_suite_is_given_a_maker(suite: Any, given: object) -> None:
    with pytest.raises(TypeError, match=rf"{suite.__name__}\(\) takes a function that makes"):
        await suite(given)


# Servables.


async def test_a_servable_passes(tiny: Any) -> None:
    await check_servable(tiny)


def broken_runner(tiny: Any, **methods: Any) -> Any:
    """A class like Tiny whose runners have other methods."""

    class Broken(tiny):  # type: ignore[misc]
        def runner(self, **options: Any) -> Any:
            runner = super().runner(**options)
            for name, method in methods.items():
                original = getattr(runner, name)
                setattr(runner, name, method(original))
            return runner

    return Broken


def elsewhere(listen: Any) -> Any:
    async def wrong(sock: Any, *, ssl: Any = None) -> URL:
        return (await listen(sock, ssl=ssl)).with_port(1)

    return wrong


def once(cleanup: Any) -> Any:
    calls = []

    async def wrong() -> None:
        calls.append(1)
        if len(calls) > 1:
            raise AssertionError("no second cleanup() here")
        await cleanup()

    return wrong


def slow(cleanup: Any) -> Any:
    async def wrong() -> None:
        await cleanup()
        await asyncio.Event().wait()

    return wrong


@pytest.mark.parametrize(
    ("methods", "clause"),
    [
        ({"listen": elsewhere}, "listen.. gives the address as a URL"),
        ({"cleanup": once}, "no second cleanup"),
        ({"cleanup": slow}, "cleanup.. ends connections in order; nothing happened within"),
    ],
)
async def test_a_broken_runner_fails(tiny: Any, methods: Any, clause: str) -> None:
    with pytest.raises(AssertionError, match=clause):
        await check_servable(broken_runner(tiny, **methods))


async def test_what_has_no_runner_is_no_servable() -> None:
    with pytest.raises(NonConformance, match="to be served is to have runner"):
        await check_servable(object)  # type: ignore[arg-type]


# Sessions.


class Answer:
    """A response over asyncio's streams."""

    def __init__(self, head: bytes, body: bytes) -> None:
        start, *lines = head.decode().split("\r\n")
        self.status: Any = int(start.split(" ")[1])
        self.headers = CIMultiDict(line.split(": ", 1) for line in lines if line)
        self.body = body

    async def read(self) -> bytes:
        return self.body

    async def text(self) -> str:
        return self.body.decode()

    def release(self) -> None:
        pass


class Asking:
    """What request() gives."""

    def __init__(self, coro: Any) -> None:
        self.coro = coro

    def __await__(self) -> Any:
        return self.coro.__await__()

    async def __aenter__(self) -> Any:
        return await self.coro

    async def __aexit__(self, *exc: object) -> None:
        pass


class Session:
    """A Requester of a few lines, and the faults that it may have."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.streams: Any = None
        self.cookie = ""
        self.writers: list[asyncio.StreamWriter] = []

    def request(self, method: str, url: str) -> Any:
        return Asking(self._ask(method, URL(url)))

    def head(self, url: str) -> Any:
        return Asking(self._ask("HEAD", URL(url)))

    def ws_connect(self, url: str) -> Any:
        return Asking(self._upgrade(url))

    async def _upgrade(self, url: str) -> None:
        if self.fault != "upgrades":
            raise ValueError("no WebSocket")

    async def _ask(self, method: str, url: URL) -> Answer:
        try:
            return await self._ask_once(method, url)
        except asyncio.IncompleteReadError:
            self.streams = None
            if self.fault != "retries":
                raise
            return await self._ask_once(method, url)

    async def _ask_once(self, method: str, url: URL) -> Answer:
        if self.streams is None:
            self.streams = await asyncio.open_connection(url.host, url.port)
            self.writers.append(self.streams[1])
        reader, writer = self.streams
        target = url.path if self.fault == "no query" else url.raw_path_qs
        cookie = f"Cookie: {self.cookie}\r\n" if self.cookie else ""
        writer.write(f"{method} {target} HTTP/1.1\r\nHost: a\r\n{cookie}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        bodiless = method == "HEAD" or b"Content-Length: 0" in head
        answer = Answer(head, b"" if bodiless else await reader.readexactly(5))
        if self.fault != "no cookies" and "Set-Cookie" in answer.headers:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        if self.fault == "status":
            answer.status = "201"
        return answer

    async def close(self) -> None:
        if self.fault != "stays open":
            await self.end()

    async def end(self) -> None:
        for writer in self.writers:
            writer.close()
            await writer.wait_closed()


async def test_a_session_passes() -> None:
    await check_requester(Session)


@pytest.mark.parametrize(
    ("fault", "clause"),
    [
        ("no query", "method and target are sent as given"),
        ("status", "status is a number, 201, not '201'"),
        ("no cookies", "cookies are kept and sent, also for a host that is an IP address"),
        ("retries", "no silent retry: 2 requests were due, 3 came"),
        ("upgrades", "ws_connect.. raises where the server does not agree"),
        ("stays open", "close.. ends the connections; nothing happened"),
    ],
)
async def test_a_broken_session_fails(fault: str, clause: str) -> None:
    sessions: list[Session] = []

    def make() -> Any:
        sessions.append(Session(fault))
        return sessions[-1]

    with pytest.raises(NonConformance, match=clause):
        await check_requester(make)
    for session in sessions:
        await session.end()


# WebSockets: without a codec there is nothing right here; tests-integration has it.


async def test_a_handshake_without_a_key_fails() -> None:
    class Head:
        method = "GET"
        protocol = None
        headers = CIMultiDict({"Upgrade": "websocket", "Connection": "Upgrade"})

    class Component:
        def offer(self, options: Any) -> Any:
            return self

        def head(self, version: Any) -> Any:
            return Head

    component: WebSocketComponent = Component()  # type: ignore[assignment]
    with pytest.raises(NonConformance, match="handshake has the field Sec-WebSocket-Key"):
        await check_websocket_component(component)
