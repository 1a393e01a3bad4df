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
        ({"trace_configs": 5}, "trace_configs takes a list of TraceConfig objects, not 5"),
        ({"fallback_charset_resolver": "utf-8"}, "fallback_charset_resolver takes a function of"),
        ({"response_class": 5}, "response_class takes a class, not 5"),
        ({"response_class": int}, "response_class takes a subclass of ClientResponse, not <class"),
        ({"request_class": int}, "request_class takes a subclass of ClientRequest, not <class"),
        ({"ws_response_class": int}, "takes a subclass of ClientWebSocketResponse, not <class"),
        ({"proxy_auth": ("a", "b")}, r"proxy_auth must be None or BasicAuth\(\) tuple"),
        ({"request_class": None}, "request_class takes a class, not None"),
        ({"ws_response_class": "x"}, "ws_response_class takes a class"),
        ({"json_serialize": 5}, "json_serialize takes a function that gives a str, not 5"),
        ({"json_serialize_bytes": 5}, "json_serialize_bytes takes a function that gives bytes"),
        ({"loop": 5}, "loop takes an event loop, or is left out, not 5"),
        ({"skip_auto_headers": "User-Agent"}, r"takes a list of names: write \['User-Agent'\]"),
        ({"skip_auto_headers": 5}, "skip_auto_headers takes a list of names, not 5"),
        ({"skip_auto_headers": [5]}, r"skip_auto_headers takes a list of names, not \[5\]"),
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
        ({"local_addr": []}, TypeError, r"local_addr takes \(host, port\), not \[\]"),
        ({"local_addr": (1, 2)}, TypeError, r"local_addr takes \(host, port\), not \(1, 2\)"),
        ({"local_addr": "1.2.3.4"}, TypeError, r"local_addr takes \(host, port\), not '1.2.3.4'"),
        ({"socket_factory": 5}, TypeError, "socket_factory takes a function that makes a socket"),
        ({"resolver": aiolos_client.ThreadedResolver}, TypeError, r"write ThreadedResolver\(\)"),
        ({"loop": 5}, TypeError, "loop takes an event loop"),
        ({"limits": 5}, TypeError, "limits takes an object of Limits, not 5"),
        ({"limits": aiolos_client.Limits}, TypeError, r"not a class: write Limits\(\)"),
        ({"family": "x"}, TypeError, "family takes socket.AF_INET, AF_INET6 or AF_UNSPEC"),
        ({"family": 12345}, ValueError, "family takes one of socket.AddressFamily, not 12345"),
        ({"dns_cache_max_size": None}, TypeError, "dns_cache_max_size takes a whole number"),
    ],
)
async def test_connectors(options, kind, told):
    with pytest.raises(kind, match=told):
        TCPConnector(**options)


async def test_an_address_of_ones_own_as_a_list(peer):
    connector = TCPConnector(local_addr=["127.0.0.1", 0])
    async with peer() as server, ClientSession(connector=connector) as session:
        async with session.get(server.url) as response:
            assert response.status == 200


async def test_a_factory_that_makes_no_socket(peer):
    connector = TCPConnector(socket_factory=lambda info: 5)
    async with peer() as server, ClientSession(connector=connector) as session:
        with pytest.raises(TypeError, match="socket_factory gave 5: it makes a socket.socket"):
            await session.get(server.url)


async def test_paths_of_unix_sockets():
    with pytest.raises(TypeError, match="path takes a str or a Path, not 5"):
        aiolos_client.UnixConnector(5)


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"limits": 5}, TypeError, "limits takes an object of Limits, not 5"),
        ({"wall": 5}, TypeError, "wall takes a function that gives the time, not 5"),
        ({"treat_as_secure_origin": 5}, TypeError, "takes origins, like http://host:8080, not 5"),
        ({"treat_as_secure_origin": "x"}, ValueError, "takes origins, like http://host:8080, not"),
        ({"treat_as_secure_origin": [5]}, TypeError, "takes origins, like http://host:8080, not"),
    ],
)
def test_jars(options, kind, told):
    with pytest.raises(kind, match=told):
        aiolos_client.CookieJar(**options)


def test_a_policy_that_cannot_sleep():
    with pytest.raises(TypeError, match="sleep takes a coroutine function of seconds, not 5"):
        aiolos_client.RetryPolicy(sleep=5)


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"method": 5}, ValueError, "a WebSocket is opened by GET, not by 5"),
        ({"protocols": 5}, TypeError, "protocols takes a list of names, not 5"),
        ({"json": {"a": 1}}, TypeError, "opened without a body: ws_connect.. takes no json"),
        ({"data": b""}, TypeError, "takes no data"),
    ],
)
async def test_websockets(options, kind, told):
    async with ClientSession() as session:
        with pytest.raises(kind, match=told):
            await session.ws_connect("http://127.0.0.1:1/", **options)


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
        (forgotten, TypeError, "forgotten gave None, and no response: write `return await handler"),
        (plain, TypeError, "the middleware plain is no coroutine function"),
        (text_as_url, TypeError, r"write URL\('http://127.0.0.1/'\)"),
        (set_body, AttributeError, r"write `await request.update_body\(body\)`"),
    ],
)
async def test_middlewares(talk, middleware, kind, told):
    async with talk(OK) as (_, session):
        with pytest.raises(kind, match=told):
            await session.get("/", middlewares=[middleware])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"method": b"GET"}, "a method is a str, like 'GET', not b'GET'"),
        ({"method": 5}, "a method is a str, like 'GET', not 5"),
        (
            {"proxy_headers": "x"},
            "proxy_headers take a mapping or pairs of name and value, not 'x'",
        ),
        ({"proxy_headers": 5}, "proxy_headers take a mapping or pairs of name and value, not 5"),
        ({"proxy_auth": "a:b"}, r"proxy_auth must be None or BasicAuth\(\) tuple"),
        ({"max_redirects": -1}, "max_redirects takes a whole number, not negative, not -1"),
        ({"upload_tracker": 5}, "upload_tracker takes an object of UploadTracker, not 5"),
        ({"upload_tracker": aiolos_client.UploadTracker}, r"write UploadTracker\(\)"),
        ({"skip_auto_headers": 5}, "skip_auto_headers takes a list of names, not 5"),
    ],
)
async def test_requests(talk, options, told):
    async with talk() as (peer, session):
        with pytest.raises(TypeError, match=told):
            await session.request(**{"method": "POST", "url": "/", **options})
        assert peer.requests == []


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"last_event_id": 5}, TypeError, "last_event_id takes a str, not 5"),
        ({"max_event_size": "x"}, TypeError, "max_event_size takes a whole number, not 'x'"),
        ({"max_event_size": 0}, ValueError, "max_event_size is 1 or more, not 0"),
        ({"max_event_size": None}, TypeError, "max_event_size takes a whole number, not None"),
    ],
)
async def test_event_sources(options, kind, told):
    async with ClientSession() as session:
        with pytest.raises(kind, match=told):
            session.sse("http://127.0.0.1:1/", **options)


async def awaited(received, total):
    pass


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        (
            {"progress": "x"},
            TypeError,
            r"progress takes a function of \(received, total\), not 'x'",
        ),
        ({"progress": awaited}, TypeError, "no coroutine function: nobody awaits it"),
        ({"attempts": 0}, ValueError, "attempts is 1 or more, not 0"),
        ({"attempts": "3"}, TypeError, "attempts takes a whole number, not '3'"),
    ],
)
async def test_downloads(talk, tmp_path, options, kind, told):
    async with talk() as (peer, session):
        with pytest.raises(kind, match=told):
            await session.download("/", tmp_path / "file", **options)
        assert peer.requests == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"json_serialize": lambda value: b"{}"},
            "json_serialize gave b'{}': a function that gives bytes is json_serialize_bytes",
        ),
        (
            {"json_serialize_bytes": lambda value: "{}"},
            "json_serialize_bytes gave '{}': a function that gives str is json_serialize",
        ),
    ],
)
async def test_what_writes_json_gives_its_kind(talk, options, told):
    async with talk(**options) as (peer, session):
        with pytest.raises(TypeError, match=told):
            await session.post("/", json={})
        assert peer.requests == []


async def test_a_charset_that_is_none(talk):
    async with talk(OK, fallback_charset_resolver=lambda response, body: None) as (_, session):
        async with session.get("/") as response:
            with pytest.raises(TypeError, match="fallback_charset_resolver gave None: it gives a"):
                await response.text()


@pytest.mark.parametrize(
    "found", [[{}], [{"host": "127.0.0.1"}], None, "127.0.0.1", ["127.0.0.1"], [("127.0.0.1", 80)]]
)
@pytest.mark.parametrize("is_awaited", [True, False])
async def test_a_resolver_that_gives_no_addresses(found, is_awaited):
    class Mine:
        def resolve(self, host, port=0, family=0):
            async def answer():
                return found

            return answer() if is_awaited else found

        async def close(self):
            pass

    async with ClientSession(connector=TCPConnector(resolver=Mine())) as session:
        with pytest.raises(TypeError, match="the resolver Mine gave .* for 'name.test': its resol"):
            await session.get("http://name.test/")


@pytest.mark.parametrize("signal", ["on_request_start", "on_request_end"])
async def test_a_trace_that_is_no_coroutine_function(talk, signal):
    config = TraceConfig()
    getattr(config, signal).append(plain_trace)
    async with talk(OK, trace_configs=[config]) as (_, session):
        told = f"plain_trace at .* on the signal {signal} is no coroutine function"
        with pytest.raises(TypeError, match=told):
            await session.get("/")


def plain_trace(session, context, params):
    return None


async def test_a_judge_that_is_no_coroutine_function(talk):
    async with talk(OK) as (_, session):
        with pytest.raises(TypeError, match="takes True, False or a coroutine function"):
            await session.get("/", raise_for_status=lambda response: None)
