"""The client's end of a connection: what is asked, and what its answer brings about."""

import asyncio

import pytest
from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_client import H1ClientLink
from aiolos_protocol.message import HttpVersion10, RequestHead
from aiolos_protocol.testkit import ManualClock, connected
from multidict import CIMultiDict

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Recorder:
    """A role that remembers."""

    def __init__(self):
        self.recycled_links = []
        self.losses = []

    def recycled(self, link):
        self.recycled_links.append(link)

    def lost(self, link, exc):
        self.losses.append(exc)


@pytest.fixture
async def link():
    role = Recorder()
    link = H1ClientLink(asyncio.get_running_loop(), ManualClock(), DEFAULT_LIMITS, role)
    connected(link.loop, link)
    link_role[link] = role
    yield link
    del link_role[link]


link_role = {}


def head(method="GET", fields=(("Host", "a"),), **options):
    return RequestHead(method, "/", headers=CIMultiDict(fields), **options)


async def test_a_frozen_head_is_made_once(link):
    frozen = head().freeze()
    wire = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    for _ in range(2):
        exchange = link.ask(frozen)
        link.transport.receive(OK)
        await exchange.answered
        assert link.transport.take() == wire
        assert frozen.wire == wire
    assert link_role[link].recycled_links == [link, link]


async def test_the_framing_of_a_frozen_head_is_not_kept(link):
    frozen = head("POST").freeze()
    for body in (b"", b"abc"):
        link.ask(frozen, body)
        link.transport.receive(OK)
        sent = link.transport.take()
        assert b"Content-Length: %d\r\n" % len(body) in sent
        assert sent.endswith(b"\r\n\r\n" + body)
    assert frozen.wire is None


async def test_a_head_that_may_still_change_is_made_anew(link):
    changing = head()
    link.ask(changing)
    link.transport.receive(OK)
    changing.fields["X"] = "1"
    link.transport.take()
    link.ask(changing)
    assert b"X: 1\r\n" in link.transport.take()


async def test_the_last_request_says_so(link):
    exchange = link.ask(head(keep_alive=False))
    assert link.transport.take() == b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    link.transport.receive(OK)
    await exchange.answered
    assert link.transport.is_closing()
    assert link_role[link].recycled_links == []


async def test_a_request_of_http_1_0(link):
    link.ask(head(version=HttpVersion10))
    assert link.transport.take().startswith(b"GET / HTTP/1.0\r\n")


async def test_http_1_0_has_no_chunks(link):
    with pytest.raises(LocalProtocolError, match="RFC 9112 6.1"):
        link.ask_streaming(head("POST", version=HttpVersion10))
    assert link.transport.take() == b""


async def test_informational_heads_are_told(link):
    exchange = link.ask(head())
    told = []
    exchange.informed = told.append
    link.transport.receive(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 100 C\r\n\r\n")
    link.transport.receive(OK)
    assert (await exchange.answered).status == 200
    assert [(each.status, each.headers.get("Link")) for each in told] == [(103, "<a>"), (100, None)]


async def test_bytes_are_counted_from_the_request_on(link):
    exchange = link.ask(head())
    link.transport.receive(OK[:5])
    assert link.received == 5
    link.transport.receive(OK[5:])
    await exchange.answered
    assert link.received == len(OK)
    link.ask(head())
    assert link.received == 0


async def test_failing_ends_only_the_exchange_that_it_names(link):
    first = link.ask(head())
    link.transport.receive(OK)
    second = link.ask(head())
    first.fail(TimeoutError("late"))
    assert not second.answered.done()
    second.fail(TimeoutError("too late"))
    with pytest.raises(TimeoutError, match="too late"):
        await second.answered


async def test_failing_ends_the_body(link):
    exchange = link.ask(head())
    link.transport.receive(OK[:-1])
    await exchange.answered
    exchange.fail(TimeoutError("silence"))
    with pytest.raises(TimeoutError, match="silence"):
        await exchange.body.read()
