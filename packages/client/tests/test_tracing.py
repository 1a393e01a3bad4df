"""Signals along the life of a request."""

import asyncio

import aiolos_client
import pytest
from aiolos_client import TraceConfig

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NAMES = [name for name in vars(TraceConfig()) if name.startswith("on_")]


def noting(*names):
    """A configuration that notes the signals `names` (default: all), and their notes."""
    config = TraceConfig()
    seen = []

    def note(name):
        async def callback(session, context, params):
            assert isinstance(session, aiolos_client.ClientSession)
            seen.append((name, params, context))

        return callback

    for name in names or NAMES:
        getattr(config, name).append(note(name))
    return config, seen


def names(seen):
    return [name.removeprefix("on_") for name, _, _ in seen]


async def test_cli_26_the_life_of_a_request(talk):
    config, seen = noting()
    async with talk(trace_configs=[config]) as (peer, session):
        async with session.post("/a", data=b"body", trace_request_ctx={"n": 1}) as response:
            await response.read()
        async with session.get("/b"):
            pass
    assert names(seen) == [
        "request_start",
        "connection_create_start",
        "connection_create_end",
        "request_headers_sent",
        "request_chunk_sent",
        "request_end",
        "response_chunk_received",
        "request_start",
        "connection_reuseconn",
        "request_headers_sent",
        "request_end",
    ]
    params = {name: value for name, value, _ in seen[:7]}
    start = params["on_request_start"]
    assert (start.method, str(start.url)) == ("POST", f"{peer.url}/a")
    assert start.headers["Content-Type"] == "application/octet-stream"
    assert params["on_request_chunk_sent"].chunk == b"body"
    assert params["on_response_chunk_received"].chunk == b"ok"
    assert params["on_request_end"].response is response
    assert params["on_request_headers_sent"].headers["Host"]
    assert params["on_request_headers_sent"].headers["Content-Length"] == "4"
    contexts = [context for _, _, context in seen]
    assert contexts[0].trace_request_ctx == {"n": 1}
    assert all(each is contexts[0] for each in contexts[:7])
    assert contexts[7].trace_request_ctx is None


async def test_cli_26_redirections_and_exceptions(talk):
    config, seen = noting("on_request_redirect", "on_request_exception", "on_request_end")
    to = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    async with talk(to, None, trace_configs=[config], retry_disconnected=False) as (_, session):
        with pytest.raises(aiolos_client.ServerDisconnectedError) as caught:
            await session.get("/a")
    assert names(seen) == ["request_redirect", "request_exception"]
    assert seen[0][1].response.status == 302
    assert seen[1][1].exception is caught.value


async def test_the_end_is_told_of_what_was_asked_last(talk):
    config, seen = noting("on_request_end")
    to = b"HTTP/1.1 303 See Other\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    async with talk(to, OK, trace_configs=[config]) as (peer, session):
        async with session.post("/a", data=b"1"):
            pass
    assert (seen[0][1].method, str(seen[0][1].url)) == ("GET", f"{peer.url}/b")


@pytest.mark.parametrize("judge", [True, "own"])
async def test_a_response_that_is_judged_bad_is_a_failure(talk, judge):
    async def own(response):
        raise ZeroDivisionError

    config, seen = noting("on_request_exception", "on_request_end")
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    async with talk(missing, trace_configs=[config]) as (_, session):
        expected = aiolos_client.ClientResponseError if judge is True else ZeroDivisionError
        with pytest.raises(expected) as caught:
            await session.get("/a", raise_for_status=judge if judge is True else own)
    assert names(seen) == ["request_exception"]
    assert seen[0][1].exception is caught.value


async def test_a_url_that_cannot_be_asked_is_a_failure():
    config, seen = noting()
    async with aiolos_client.ClientSession(trace_configs=[config]) as session:
        with pytest.raises(aiolos_client.InvalidURL) as caught:
            await session.get("/a", trace_request_ctx=5)
    assert names(seen) == ["request_start", "request_exception"]
    assert str(seen[0][1].url) == "/a"
    assert seen[1][1].exception is caught.value
    assert seen[0][2].trace_request_ctx == 5


async def test_cli_26_waiting_for_a_place(talk):
    config, seen = noting(*[name for name in NAMES if "_connection_" in name])
    connector = aiolos_client.TCPConnector(limit=1)
    async with talk(b"", OK, connector=connector, trace_configs=[config]) as (peer, session):
        first = asyncio.ensure_future(session.get("/"))
        while not peer.requests:
            await asyncio.sleep(0)
        second = asyncio.ensure_future(session.get("/"))
        while len(seen) < 3:
            await asyncio.sleep(0)
        made = ["connection_create_start", "connection_create_end"]
        assert names(seen) == [*made, "connection_queued_start"]
        peer.writer.write(OK)
        for each in (first, second):
            async with await each as response:
                await response.read()
    assert names(seen)[2:] == [
        "connection_queued_start",
        "connection_queued_end",
        "connection_reuseconn",
    ]


class Loopback(aiolos_client.AbstractResolver):
    async def resolve(self, host, port=0, family=0):
        address = {"hostname": host, "host": "127.0.0.1", "port": port}
        return [{**address, "family": 2, "proto": 6, "flags": 0}]

    async def close(self):
        pass


async def test_cli_26_names(talk):
    config, seen = noting(*[name for name in NAMES if "dns" in name])
    connector = aiolos_client.TCPConnector(resolver=Loopback(), force_close=True)
    async with talk(connector=connector, trace_configs=[config]) as (peer, session):
        url = peer.url.replace("127.0.0.1", "name.example")
        for _ in range(2):
            async with session.get(url) as response:
                await response.read()
    assert names(seen) == [
        "dns_cache_miss",
        "dns_resolvehost_start",
        "dns_resolvehost_end",
        "dns_cache_hit",
    ]
    assert all(params.host == "name.example" for _, params, _ in seen)


async def test_a_context_of_ones_own():
    config = TraceConfig(trace_config_ctx_factory=dict)
    assert config.trace_config_ctx("x") == {"trace_request_ctx": "x"}


async def test_nothing_can_be_added_afterwards():
    config = TraceConfig()
    async with aiolos_client.ClientSession(trace_configs=[config]) as session:
        assert session.trace_configs == [config]
        with pytest.raises(RuntimeError):
            config.on_request_start.append(print)


@pytest.mark.parametrize("name", ["on_connection_create_end", "on_connection_reuseconn"])
async def test_what_a_callback_raises_costs_no_place(talk, name):
    config = TraceConfig()

    async def fail(*_):
        raise ZeroDivisionError

    connector = aiolos_client.TCPConnector(limit=1)
    async with talk(OK, OK, OK, connector=connector) as (peer, plain):
        if name == "on_connection_reuseconn":
            async with plain.get("/") as response:
                await response.read()
        getattr(config, name).append(fail)
        traced = aiolos_client.ClientSession(
            peer.url, connector=connector, connector_owner=False, trace_configs=[config]
        )
        async with traced:
            with pytest.raises(ZeroDivisionError):
                await traced.get("/")
        async with plain.get("/") as response:
            assert await response.text() == "ok"


async def test_who_was_told_of_a_start_is_told_of_the_failure_of_another(talk):
    async def broken(session, context, params):
        raise ZeroDivisionError

    first, seen = noting("on_request_start", "on_request_exception")
    second = TraceConfig()
    second.on_request_start.append(broken)
    third, unseen = noting("on_request_start", "on_request_exception")
    second.on_request_exception.append(third.on_request_exception[0])
    async with talk(trace_configs=[first, second, third]) as (peer, session):
        with pytest.raises(ZeroDivisionError):
            await session.post("/", data=b"x")
        assert peer.requests == []
    assert names(seen) == ["request_start", "request_exception"]
    assert isinstance(seen[1][1].exception, ZeroDivisionError)
    assert unseen == []
