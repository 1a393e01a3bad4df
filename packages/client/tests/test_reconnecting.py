"""The pauses between attempts; with sockets it is tested beside the engine (tests-integration)."""

import aiolos_client
import pytest
from aiolos_client.reconnecting import reconnecting
from multidict import CIMultiDict, CIMultiDictProxy


def refusal(status):
    info = aiolos_client.RequestInfo(
        "http://x/", "GET", CIMultiDictProxy(CIMultiDict()), "http://x/"
    )
    return aiolos_client.WSServerHandshakeError(info, (), status=status)


async def test_pauses_grow_to_their_bound_and_passing_failures_are_tried_again(monkeypatch):
    failures = [
        aiolos_client.ClientConnectionError(),
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
        async for _ in reconnecting(connect, 0.5, 3.0, sleep):
            pass
    assert caught.value.status == 404
    assert pauses == [0.5, 1.0, 2.0, 3.0, 3.0]


async def test_what_is_no_failure_of_the_connection_is_raised():
    async def connect():
        raise aiolos_client.InvalidURL("x")

    with pytest.raises(aiolos_client.InvalidURL):
        async for _ in reconnecting(connect, 0.5, 3.0):
            pass
