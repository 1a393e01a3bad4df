"""The pauses between attempts; with sockets it is tested beside the engine (tests-integration)."""

import asyncio

import aiolos_client
import pytest
from aiolos_client.reconnecting import reconnecting
from multidict import CIMultiDict, CIMultiDictProxy


def refusal(status):
    info = aiolos_client.RequestInfo(
        "http://x/", "GET", CIMultiDictProxy(CIMultiDict()), "http://x/"
    )
    return aiolos_client.WSServerHandshakeError(info, (), status=status)


async def test_pauses_grow_to_their_bound_and_passing_failures_are_tried_again(monkeypatch, caplog):
    failures = [
        aiolos_client.ClientConnectionError("no such host"),
        aiolos_client.ServerDisconnectedError(),
        TimeoutError(),
        refusal(429),
        refusal(503),
        refusal(404),
    ]
    pauses = []

    async def connect():
        raise failures.pop(0)

    async def sleep(seconds):
        pauses.append(seconds)

    # The end of the range instead of somewhere in it.
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    with pytest.raises(aiolos_client.WSServerHandshakeError) as caught:
        async for _ in reconnecting(connect, "ws://x/", 0.5, 3.0, sleep):
            pass
    assert caught.value.status == 404
    assert pauses == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert len(caplog.messages) == 5
    assert caplog.messages[0] == "ws://x/: no such host; attempt 2 in 0.5 s"
    assert caplog.messages[2] == "ws://x/: TimeoutError; attempt 4 in 2 s"
    assert {record.name for record in caplog.records} == {"aiolos.client"}


class Socket:
    def __init__(self, closing=lambda: None):
        self.closing = closing

    async def close(self):
        self.closing()


async def pauses_between(outcomes, connecting=lambda: None, living=lambda: None):
    """The longest pauses between `outcomes` of connect(), the last of which is not passing."""
    outcomes, pauses = [*outcomes, refusal(404)], []

    async def connect():
        connecting()
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def sleep(seconds):
        pauses.append(seconds)

    async def live():
        async for _ in reconnecting(connect, "ws://x/", 1.0, 10.0, sleep):
            living()

    with pytest.raises(aiolos_client.WSServerHandshakeError):
        await live()
    return pauses


@pytest.mark.parametrize(
    ("lives", "pauses"),
    [(100.0, [1.0, 2.0, 1.0, 1.0, 1.0]), (1.0, [1.0, 2.0, 4.0, 8.0, 10.0])],
)
async def test_a_long_life_ends_the_counting(monkeypatch, wind, lives, pauses):
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    outcomes = TimeoutError(), TimeoutError(), Socket(), TimeoutError(), Socket()
    assert await pauses_between(outcomes, living=lambda: wind(lives)) == pauses


async def test_shaking_hands_and_closing_is_no_life(monkeypatch, wind):
    monkeypatch.setattr("random.uniform", lambda low, high: high)

    def slowly():
        wind(100)

    assert await pauses_between([Socket(slowly)] * 3, connecting=slowly) == [1.0, 2.0, 4.0]


async def test_what_is_no_failure_of_the_connection_is_raised():
    async def connect():
        raise aiolos_client.InvalidURL("x")

    with pytest.raises(aiolos_client.InvalidURL):
        async for _ in reconnecting(connect, "x", 0.5, 3.0):
            pass


@pytest.mark.parametrize(
    ("delays", "error", "told"),
    [
        ({"delay": -1}, ValueError, "delay is not negative, as -1 is"),
        ({"delay": float("nan")}, ValueError, "delay is not negative"),
        ({"delay": "1"}, TypeError, "delay takes seconds, not '1'"),
        ({"max_delay": None}, TypeError, "max_delay takes seconds, not None"),
    ],
)
async def test_what_a_delay_cannot_be_is_told_at_once(delays, error, told):
    async with aiolos_client.ClientSession() as session:
        with pytest.raises(error, match=told):
            session.ws_reconnecting("ws://x/", **delays)


async def test_the_end_of_the_session_ends_the_pause():
    failed = asyncio.Event()

    class Down(aiolos_client.ClientSession):
        async def ws_connect(self, url, **options):
            failed.set()
            raise aiolos_client.ClientConnectionError("nobody is there")

    async with Down() as session:
        # It may be up to an hour.
        following = asyncio.ensure_future(
            anext(session.ws_reconnecting("ws://x/", delay=3600, max_delay=3600))
        )
        await failed.wait()
        await asyncio.sleep(0)
        await session.close()
        with pytest.raises(RuntimeError, match="the end of its session"):
            await following
