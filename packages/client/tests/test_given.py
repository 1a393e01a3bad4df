"""What sessions and connectors are given by mistake is told at once, by its name."""

import aiolos_client
import pytest
from aiolos_client import ClientSession, TCPConnector, TraceConfig


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"connector": TCPConnector}, r"not a class: write TCPConnector\(\)"),
        ({"connector": "x"}, r"connector takes a connector, like TCPConnector\(\), not 'x'"),
        ({"cookie_jar": aiolos_client.CookieJar}, r"write CookieJar\(\)"),
        ({"cookie_jar": {}}, r"cookie_jar takes a jar, like CookieJar\(\), not {}"),
        ({"trace_configs": TraceConfig()}, r"trace_configs takes a list: write \[config\]"),
        ({"trace_configs": [1]}, "trace_configs takes TraceConfig objects, not 1"),
        ({"response_class": 5}, "response_class takes a class, not 5"),
        ({"request_class": None}, "request_class takes a class, not None"),
        ({"ws_response_class": "x"}, "ws_response_class takes a class"),
        ({"json_serialize": 5}, "json_serialize takes a function that gives a str, not 5"),
        ({"json_serialize_bytes": 5}, "json_serialize_bytes takes a function that gives bytes"),
        ({"loop": 5}, "loop takes an event loop, or is left out, not 5"),
        ({"skip_auto_headers": "User-Agent"}, r"takes a list of names: write \['User-Agent'\]"),
        ({"retry": aiolos_client.RetryPolicy}, "retry takes a RetryPolicy, not <class"),
        (
            {"middlewares": [aiolos_client.DigestAuthMiddleware]},
            r"is no class: write DigestAuthMiddleware\(\.\.\.\)",
        ),
    ],
)
async def test_sessions(options, told):
    with pytest.raises(TypeError, match=told):
        ClientSession(**options)


async def test_a_base_url_without_its_slash():
    with pytest.raises(ValueError, match="ends in a slash: write 'http://host/api/'"):
        ClientSession("http://host/api")
    async with ClientSession("http://host"), ClientSession("http://host/api/"):
        pass


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"limit": -1}, ValueError, "limit is not negative, as -1 is"),
        ({"limit": "5"}, TypeError, "limit takes a whole number, not '5'"),
        ({"limit_per_host": -3}, ValueError, "limit_per_host is not negative"),
        ({"keepalive_timeout": "x"}, TypeError, "keepalive_timeout takes seconds, not 'x'"),
        ({"keepalive_timeout": float("nan")}, ValueError, "keepalive_timeout is not negative"),
        ({"ttl_dns_cache": "x"}, TypeError, "ttl_dns_cache takes seconds"),
        ({"dns_cache_max_size": 1.5}, TypeError, "dns_cache_max_size takes a whole number"),
        ({"happy_eyeballs_delay": -1}, ValueError, "happy_eyeballs_delay is not negative"),
        ({"interleave": "x"}, TypeError, "interleave takes a whole number"),
        ({"ssl_shutdown_timeout": "x"}, TypeError, "ssl_shutdown_timeout takes seconds"),
        ({"local_addr": "1.2.3.4"}, TypeError, r"local_addr takes \(host, port\), not '1.2.3.4'"),
        ({"socket_factory": 5}, TypeError, "socket_factory takes a function that makes a socket"),
        ({"resolver": aiolos_client.ThreadedResolver}, TypeError, r"write ThreadedResolver\(\)"),
        ({"loop": 5}, TypeError, "loop takes an event loop"),
    ],
)
async def test_connectors(options, kind, told):
    with pytest.raises(kind, match=told):
        TCPConnector(**options)


async def test_no_limit():
    connector = TCPConnector(limit=None, limit_per_host=None)
    assert (connector.limit, connector.limit_per_host) == (0, 0)
    await connector.close()


def test_fingerprints():
    with pytest.raises(TypeError, match=r"not str; of text in hexadecimal make them by bytes.from"):
        aiolos_client.Fingerprint("ab" * 32)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def forgotten(request, handler):
    await handler(request)


def plain(request, handler):
    return 5


async def text_as_url(request, handler):
    request.url = "http://127.0.0.1/"


async def set_body(request, handler):
    request.body = b"new"


@pytest.mark.parametrize(
    ("middleware", "kind", "told"),
    [
        (forgotten, TypeError, "forgotten gave no response: write `return await handler"),
        (plain, TypeError, "the middleware plain is no coroutine function"),
        (text_as_url, TypeError, r"write URL\('http://127.0.0.1/'\)"),
        (set_body, AttributeError, r"write `await request.update_body\(body\)`"),
    ],
)
async def test_middlewares(talk, middleware, kind, told):
    async with talk(OK) as (_, session):
        with pytest.raises(kind, match=told):
            await session.get("/", middlewares=[middleware])


async def test_a_judge_that_is_no_coroutine_function(talk):
    async with talk(OK) as (_, session):
        with pytest.raises(TypeError, match="takes True, False or a coroutine function"):
            await session.get("/", raise_for_status=lambda response: None)
