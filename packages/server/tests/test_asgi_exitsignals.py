"""The signals that end an ASGI server, as the application hears them."""

import asyncio
import os
import signal
import threading

import pytest
from aiolos_server import web
from aiolos_server.asgi.exitsignals import ExitSignals


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
def number(request):
    return request.param


@pytest.fixture
def server_hears():
    """What the handlers of a server have heard that takes both signals."""
    heard = []

    def handler(number, frame):
        heard.append(number)

    before = {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT)}
    yield heard
    assert {signal.getsignal(number) for number in before} == {handler}
    for number, previous in before.items():
        signal.signal(number, previous)


class Serving:
    """An application under a server that says nothing but the lifespan's messages."""

    def __init__(self, app):
        self.sent = []
        self._app = app
        self._started = asyncio.Event()
        self._stopping = asyncio.Event()

    async def __aenter__(self):
        self._lifespan = asyncio.ensure_future(
            self._app({"type": "lifespan"}, self._receive, self._send)
        )
        await self._started.wait()
        return self

    async def __aexit__(self, *raised):
        self._stopping.set()
        await self._lifespan

    async def _receive(self):
        if not self._started.is_set():
            return {"type": "lifespan.startup"}
        await self._stopping.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message):
        self._started.set()

    async def get(self):
        """What is sent for a request, whose client does not go away."""
        sent = self.sent
        coming = [{"type": "http.request"}]

        async def receive():
            return coming.pop() if coming else await asyncio.get_running_loop().create_future()

        async def send(message):
            sent.append(message)

        await self._app(
            {"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send
        )
        return b"".join(message.get("body", b"") for message in sent)


def application(begun):
    async def events(request):
        async with web.EventStream(request) as events:
            await events.send("hello")
            begun.set()
            await asyncio.Event().wait()
        return events

    app = web.Application()
    app.router.add_get("/", events)
    return app


async def test_asg_02_a_stream_of_events_ends_at_the_signal(number, server_hears):
    begun = asyncio.Event()
    async with Serving(application(begun)) as serving, asyncio.timeout(10):
        getting = asyncio.ensure_future(serving.get())
        await begun.wait()
        os.kill(os.getpid(), number)
        # Nothing else ends it: here the lifespan has not.
        assert await getting == b"data: hello\n\n"
        assert serving.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert server_hears == [number]


async def test_asg_02_a_stream_that_begins_behind_the_signal_ends_at_once(number, server_hears):
    async with Serving(application(asyncio.Event())) as serving, asyncio.timeout(10):
        os.kill(os.getpid(), number)
        assert await serving.get() in (b"", b"data: hello\n\n")
        assert serving.sent[-1]["more_body"] is False
    assert server_hears == [number]


async def test_without_a_server_that_takes_the_signals_they_stay_as_they_are():
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    assert before[0] is signal.SIG_DFL
    async with Serving(application(asyncio.Event())):
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


async def test_who_takes_the_signals_later_passes_them_on(server_hears):
    told = []
    loop = asyncio.get_running_loop()
    signals = ExitSignals(loop, lambda: told.append("first"))
    later = ExitSignals(loop, lambda: told.append("second"))
    signals.listen()
    later.listen()
    signals.let_go()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0)
    assert sorted(told) == ["first", "second"]
    assert server_hears == [signal.SIGTERM]
    later.let_go()
    signals.let_go()


def test_a_loop_that_is_closed_is_told_nothing(server_hears):
    loop = asyncio.new_event_loop()
    signals = ExitSignals(loop, lambda: pytest.fail("told"))
    signals.listen()
    loop.close()
    os.kill(os.getpid(), signal.SIGTERM)
    assert server_hears == [signal.SIGTERM]
    signals.let_go()


def test_another_thread_has_no_signals(server_hears):
    before = signal.getsignal(signal.SIGTERM)

    loop = asyncio.new_event_loop()

    def run():
        signals = ExitSignals(loop, lambda: None)
        signals.listen()
        assert signal.getsignal(signal.SIGTERM) is before
        signals.let_go()
        ended.append(True)

    ended = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    loop.close()
    assert ended == [True]
