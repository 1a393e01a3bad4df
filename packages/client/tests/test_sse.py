"""session.sse(): events over as many connections as it takes."""

import asyncio

import aiolos_client
import pytest
from aiolos_client.errors import ConnectionClosedError
from aiolos_client.eventstream import ServerSentEvent

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
GONE = b"HTTP/1.1 204 No Content\r\n\r\n"


def stream(events):
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(events) + events


async def until_asked(peer, count):
    while len(peer.requests) < count:
        await asyncio.sleep(0)


@pytest.fixture
def pauses(monkeypatch):
    """What was waited before connecting again; it takes no time."""
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    monkeypatch.setattr("aiolos_client.verbs.SLEEP", sleep)
    return pauses


@pytest.fixture
def pausing(monkeypatch):
    """Set where a pause has begun, which takes its time."""
    pausing = asyncio.Event()

    async def sleep(seconds):
        pausing.set()
        await asyncio.sleep(seconds)

    monkeypatch.setattr("aiolos_client.verbs.SLEEP", sleep)
    return pausing


async def test_events_until_the_server_has_no_more(talk, pauses):
    answers = (
        stream(b"id: 1\ndata: a\n\n"),
        stream(b"retry: 10\nevent: e\nid: 2\ndata: b\n\ndata: incomplete"),
        GONE,
    )
    async with talk(*answers) as (peer, session):
        async with session.sse("/events", headers={"X-Mine": "1"}) as events:
            found = [event async for event in events]
        assert found == [ServerSentEvent("a", id="1"), ServerSentEvent("b", "e", "2")]
        assert events.last_event_id == "2"
    assert pauses == [3.0, 0.1]
    assert [b"Last-Event-ID: %d\r\n" % n in each for n, each in enumerate(peer.requests)] == [
        False,
        True,
        True,
    ]
    assert all(b"Accept: text/event-stream\r\n" in each for each in peer.requests)
    assert all(b"X-Mine: 1\r\n" in each for each in peer.requests)


async def test_events_without_a_block(talk, pauses):
    async with talk(stream(b"data: a\n\n"), GONE) as (_, session):
        assert [event.data async for event in session.sse("/")] == ["a"]


async def test_a_connection_that_is_lost_is_made_anew(talk, pauses):
    cut = HEAD + b"Content-Length: 99\r\n\r\ndata: a\n\ndata: lost"
    async with talk(cut, GONE, close=True) as (_, session):
        async with session.sse("/") as events:
            assert [event.data async for event in events] == ["a"]
    assert len(pauses) == 1


async def test_a_server_that_is_away_for_a_while(talk, pauses):
    answers = stream(b"data: a\n\n"), None, None, GONE
    async with talk(*answers, retry_disconnected=False) as (_, session):
        async with session.sse("/") as events:
            assert [event.data async for event in events] == ["a"]
    assert len(pauses) == 3


async def test_a_server_that_wants_no_pause_is_not_stormed(talk, pauses):
    hasty = stream(b"retry: 0\ndata: a\n\n")
    async with talk(hasty, hasty, GONE) as (_, session):
        async with session.sse("/") as events:
            assert [event.data async for event in events] == ["a", "a"]
    assert pauses == [0.1, 0.1]


async def test_a_server_that_asks_for_days_gets_an_hour(talk, pauses):
    async with talk(stream(b"retry: 999999999\ndata: a\n\n"), GONE) as (_, session):
        async with session.sse("/") as events:
            assert [event.data async for event in events] == ["a"]
    assert pauses == [3600.0]


async def test_the_pause_grows_while_nothing_comes(talk, pauses):
    hasty = stream(b"retry: 0\ndata: a\n\n")
    answers = hasty, None, None, stream(b": nothing\n\n"), hasty, GONE
    async with talk(*answers, retry_disconnected=False) as (_, session):
        async with session.sse("/") as events:
            assert [event.data async for event in events] == ["a", "a"]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 0.1]


async def test_the_pause_grows_up_to_a_minute_unless_the_server_asks_for_more(talk, pauses):
    answers = stream(b"data: a\n\n"), *[None] * 7, stream(b"retry: 90000\ndata: b\n\n"), None, GONE
    async with talk(*answers, retry_disconnected=False) as (_, session):
        async with session.sse("/") as events:
            assert [event.data async for event in events] == ["a", "b"]
    assert pauses == [3.0, 6.0, 12.0, 24.0, 48.0, 60.0, 60.0, 60.0, 90.0, 90.0]


async def test_an_id_that_no_field_may_hold_is_not_sent(talk, pauses):
    async with talk(stream(b"id: a\x01b\ndata: a\n\n"), GONE) as (peer, session):
        async with session.sse("/") as events:
            assert [event.id async for event in events] == ["a\x01b"]
    assert b"Last-Event-ID" not in peer.requests[1]


async def test_who_looks_in_from_time_to_time_finds_the_next_connection(talk, wind, monkeypatch):
    async def sleep(seconds):
        pauses.append(seconds)
        await asyncio.sleep(seconds)

    pauses = []
    monkeypatch.setattr("aiolos_client.verbs.SLEEP", sleep)
    async with talk(stream(b"retry: 1000000\ndata: a\n\n"), stream(b"data: b\n\n")) as (
        peer,
        session,
    ):
        async with session.sse("/") as events:
            assert (await anext(events)).data == "a"
            for _ in range(3):
                waiting = asyncio.ensure_future(anext(events))
                while not events.response.closed:
                    await asyncio.sleep(0)
                await asyncio.sleep(0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                wind(400)
            assert len(peer.requests) == 1
            # The pause of a thousand seconds has gone by.
            assert (await anext(events)).data == "b"
    # Each waited for what was left.
    assert pauses[0] == 1000
    assert 0 < pauses[1] <= 600
    assert 0 < pauses[2] <= 200
    assert pauses[3:] == [0]


async def test_closing_ends_the_iteration_that_waits(talk):
    async with talk(HEAD + b"\r\ndata: a\n\n") as (_, session):
        async with session.sse("/") as events:
            assert (await anext(events)).data == "a"
            waiting = asyncio.ensure_future(anext(events, None))
            await asyncio.sleep(0)
            events.close()
            assert await waiting is None
            assert events.response.closed


async def test_closing_when_the_answer_is_there(talk):
    async def close(request, handler):
        answers.append(await handler(request))
        events.close()
        return answers[0]

    answers = []
    async with talk(HEAD + b"\r\ndata: a\n\n", middlewares=[close]) as (_, session):
        events = session.sse("/")
        assert [event async for event in events] == []
        assert answers[0].closed


async def test_closing_ends_the_wait_for_the_first_answer(talk):
    async with talk(b"") as (peer, session):
        events = session.sse("/")
        entering = asyncio.ensure_future(events.__aenter__())
        await until_asked(peer, 1)
        events.close()
        assert await entering is events
        assert [event async for event in events] == []


async def test_no_bound_given_is_the_sessions_for_the_answer(talk, wind):
    async with talk(HEAD + b"Content-Length: 19\r\n\r\ndata: a\n\n", timeout=7) as (peer, session):
        async with session.sse("/", reconnect=False, timeout=None) as events:
            assert (await anext(events)).data == "a"
            asked = asyncio.ensure_future(anext(events))
            wind(70)
            await asyncio.sleep(0)
            peer.writer.write(b"data: b\n\n\n")
            assert (await asked).data == "b"


async def test_closing_ends_the_pause_before_another_connection(talk, pausing):
    async with talk(stream(b"retry: 3600000\ndata: a\n\n")) as (peer, session):
        async with session.sse("/") as events:
            assert (await anext(events)).data == "a"
            waiting = asyncio.ensure_future(anext(events, None))
            await pausing.wait()
            # Once more while the first is on its way.
            for _ in range(2):
                events.close()
                await asyncio.sleep(0)
            assert await waiting is None
    assert len(peer.requests) == 1


async def test_closing_ends_the_wait_for_an_answer(talk, pauses):
    async with talk(stream(b"data: a\n\n"), b"") as (peer, session):
        async with session.sse("/") as events:
            assert (await anext(events)).data == "a"
            waiting = asyncio.ensure_future(anext(events, None))
            await until_asked(peer, 2)
            events.close()
            assert await waiting is None
            while session.connector.open_connections:
                await asyncio.sleep(0)


async def test_the_end_of_the_session_is_told_at_once(talk, pauses):
    async with talk(HEAD + b"\r\ndata: a\n\n") as (_, session):
        async with session.sse("/") as events:
            assert (await anext(events)).data == "a"
            waiting = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            await session.close()
            with pytest.raises(ConnectionClosedError, match="end of its session"):
                await waiting
    assert pauses == []


@pytest.mark.parametrize("end", ["close", "detach"])
async def test_the_end_of_the_session_ends_the_pause(talk, end, pausing):
    async with talk(stream(b"retry: 3600000\ndata: a\n\n")) as (peer, session):
        connector = session.connector
        async with session.sse("/") as events:
            assert (await anext(events)).data == "a"
            waiting = asyncio.ensure_future(anext(events))
            await pausing.wait()
            if end == "close":
                await session.close()
            else:
                session.detach()
            with pytest.raises(ConnectionClosedError, match="end of its session"):
                await waiting
        await connector.close()
    assert len(peer.requests) == 1


async def test_closing_ends_all_that_wait(talk, pausing):
    async with talk(stream(b"retry: 3600000\ndata: a\n\n")) as (peer, session):
        async with session.sse("/") as events:
            assert (await anext(events)).data == "a"
            waiting = [asyncio.ensure_future(anext(events, None))]
            await pausing.wait()
            waiting.append(asyncio.ensure_future(anext(events, None)))
            await asyncio.sleep(0)
            events.close()
            assert await asyncio.gather(*waiting) == [None, None]
    assert len(peer.requests) == 1


@pytest.mark.parametrize("block", [False, True])
async def test_what_is_closed_before_it_begins_does_not_connect(talk, block):
    async with talk() as (peer, session):
        events = session.sse("/")
        events.close()
        if block:
            async with events:
                assert [each async for each in events] == []
        else:
            assert [each async for each in events] == []
        assert peer.requests == []


async def test_a_body_goes_with_each_request_or_none_is_made(talk, pauses, tmp_path):
    async def once():
        yield b"asked"

    path = tmp_path / "body"
    path.write_bytes(b"asked")
    for again in (b"asked", "asked", {"asked": "1"}):
        async with talk(stream(b"data: a\n\n"), GONE) as (peer, session):
            async with session.sse("/", method="POST", data=again) as events:
                assert [event.data async for event in events] == ["a"]
        assert [b"asked" in each for each in peer.requests] == [True, True]
    for gone in (once(), path.open("rb")):
        async with talk(stream(b"data: a\n\n"), GONE) as (peer, session):
            async with session.sse("/", method="POST", data=gone) as events:
                assert (await anext(events)).data == "a"
                with pytest.raises(aiolos_client.ClientPayloadError, match="its body is gone"):
                    await anext(events)
        assert len(peer.requests) == 1


async def test_one_connection_only(talk, pauses):
    async with talk(stream(b"data: a\n\n")) as (peer, session):
        async with session.sse("/", reconnect=False) as events:
            assert [event.data async for event in events] == ["a"]
        assert len(peer.requests) == 1


async def test_going_on_another_day(talk):
    async with talk(GONE) as (peer, session):
        async with session.sse("/", last_event_id="41") as events:
            assert [event async for event in events] == []
    assert b"Last-Event-ID: 41\r\n" in peer.requests[0]


async def test_a_server_that_gives_no_answer(talk, wind):
    async with talk(b"", timeout=7) as (peer, session):
        asked = asyncio.ensure_future(anext(session.sse("/")))
        await until_asked(peer, 1)
        wind(7)
        with pytest.raises(aiolos_client.ServerTimeoutError, match="total=7 s"):
            await asked


async def test_a_server_that_gives_no_answer_any_more_is_asked_again(talk, wind, pauses):
    async with talk(stream(b"data: a\n\n"), b"", GONE, timeout=7) as (peer, session):
        async with session.sse("/") as events:
            assert (await anext(events)).data == "a"
            asked = asyncio.ensure_future(anext(events))
            await until_asked(peer, 2)
            wind(7)
            with pytest.raises(StopAsyncIteration):
                await asked
    assert len(peer.requests) == 3


async def test_the_sessions_total_is_no_bound_of_events(talk, wind):
    async with talk(HEAD + b"Content-Length: 19\r\n\r\ndata: a\n\n", timeout=7) as (peer, session):
        async with session.sse("/", reconnect=False) as events:
            assert (await anext(events)).data == "a"
            asked = asyncio.ensure_future(anext(events))
            wind(70)
            await asyncio.sleep(0)
            peer.writer.write(b"data: b\n\n\n")
            assert (await asked).data == "b"


async def test_leaving_early(talk):
    async with talk(HEAD + b"\r\ndata: a\n\n") as (_, session):
        async with session.sse("/") as events:
            async for event in events:
                assert event.data == "a"
                break
        assert events.response.closed
        with pytest.raises(StopAsyncIteration):
            await anext(events)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            b"HTTP/1.1 404 Nowhere\r\nContent-Length: 0\r\n\r\n",
            aiolos_client.ClientResponseError,
            "404",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
            aiolos_client.ContentTypeError,
            "expected text/event-stream, got text/html",
        ),
        (stream(b"data: " + b"x" * 99), aiolos_client.ClientPayloadError, "max_event_size"),
    ],
)
async def test_what_is_no_stream_of_events(talk, answer, kind, words):
    async with talk(answer) as (_, session):
        with pytest.raises(kind, match=words):
            async with session.sse("/", max_event_size=50) as events:
                await anext(events)


async def test_there_is_no_bound_in_total(talk, wind):
    async with talk(HEAD + b"\r\ndata: a\n\n") as (peer, session):
        async with session.sse("/") as events:
            assert (await anext(events)).data == "a"
            wind(3600)
            peer.writer.write(b"data: b\n\n")
            assert (await anext(events)).data == "b"
