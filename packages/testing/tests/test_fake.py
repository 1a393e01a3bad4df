"""FakeServer, asked over asyncio's streams: no client is installed here."""

import asyncio
import contextlib
import json
import re
import ssl
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiolos_protocol import siblings
from aiolos_protocol.clock import Clock
from aiolos_protocol.errors import MissingDistribution
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h2_client import H2ClientLink
from aiolos_protocol.message import RequestHead
from aiolos_testing.fake import Answer, Asked, FakeServer, UndeclaredRequest, answer
from aiolos_testing.fake.authority import authority
from aiolos_testing.fake.declaration import Declaration
from aiolos_testing.faults import CutAfter, ResetAfter
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL


class End(asyncio.Protocol):
    """A client's end that gathers what comes until the connection is lost."""

    def __init__(self) -> None:
        self.data = b""
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: BaseException | None) -> None:
        self.ended.set_result(type(exc).__name__)


async def ask(
    fake: FakeServer,
    method: str,
    url: str,
    body: bytes = b"",
    headers: str = "",
    context: ssl.SSLContext | None = None,
) -> tuple[int, bytes]:
    """The status and the body as it came."""
    whole = URL(url)
    if whole.scheme == "https" and context is None:
        context = ssl.create_default_context()
    end = await fake.connect(End, whole.host or "", whole.port or 0, ssl=context)
    end.transport.write(
        f"{method} {whole.raw_path_qs} HTTP/1.1\r\nHost: {whole.raw_authority}\r\n{headers}"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await end.ended
    head, _, received = end.data.partition(b"\r\n\r\n")
    assert head, "no answer"
    return int(head.split(b" ")[1]), received


@pytest.fixture(params=["tcp", "memory"])
async def fake(request: pytest.FixtureRequest) -> AsyncIterator[FakeServer]:
    async with FakeServer(transport=request.param) as fake:
        yield fake


async def test_what_is_declared_is_answered(fake: FakeServer) -> None:
    declared = fake.get("http://api.example.com/items?page=2").answer(json=[1, 2])
    assert await ask(fake, "GET", "http://api.example.com/items?page=2") == (200, b"[1, 2]")
    (asked,) = declared.asked
    assert fake.asked == [asked]
    assert (asked.method, str(asked.url)) == ("GET", "http://api.example.com/items?page=2")
    assert asked.headers["connection"] == "close"
    fake.check_all_asked()


async def test_answers_come_in_turn_the_last_one_again(fake: FakeServer) -> None:
    fake.get("/").answer(503).answer(200, text="ü").answer(data=b"bytes")
    got = [await ask(fake, "GET", "http://a/") for _ in range(4)]
    assert got == [(503, b""), (200, "ü".encode()), (200, b"bytes"), (200, b"bytes")]


async def test_without_an_answer_it_is_200_and_empty(fake: FakeServer) -> None:
    fake.delete("/")
    assert await ask(fake, "DELETE", "http://a/") == (200, b"")


async def test_every_method_has_its_word(fake: FakeServer) -> None:
    for method in ("get", "post", "put", "patch", "delete"):
        getattr(fake, method)("/").answer(text=method)
        assert await ask(fake, method.upper(), "http://a/") == (200, method.encode())
    fake.head("/").answer(204)
    assert (await ask(fake, "HEAD", "http://a/"))[0] == 204
    fake.on("*", "/any").answer(202)
    assert (await ask(fake, "BREW", "http://a/any"))[0] == 202


async def test_the_last_declaration_that_matches_answers(fake: FakeServer) -> None:
    fake.get("/").answer(text="of the fixture")
    fake.get("/").answer(text="of the test")
    assert await ask(fake, "GET", "http://a/") == (200, b"of the test")


async def test_pieces_are_chunks(fake: FakeServer) -> None:
    fake.get("/").answer(data=[b"one", b"two"], headers={"X-Own": "field"})
    status, body = await ask(fake, "GET", "http://a/")
    assert (status, body) == (200, b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


async def test_a_function_answers(fake: FakeServer) -> None:
    async def later(asked: Asked) -> Answer:
        return answer(json={"later": asked.json()})

    fake.post("/").answer_by(lambda asked: answer(text=asked.text().upper())).answer_by(later)
    assert await ask(fake, "POST", "http://a/", b"text") == (200, b"TEXT")
    assert await ask(fake, "POST", "http://a/", b"[1]") == (200, b'{"later": [1]}')


async def test_a_function_that_fails_fails_the_test(fake: FakeServer) -> None:
    fake.get("/a").answer_by(lambda asked: 1 / 0)  # type: ignore[arg-type, return-value]
    fake.get("/b").answer_by(lambda asked: "text")  # type: ignore[arg-type, return-value]
    assert (await ask(fake, "GET", "http://a/a"))[0] == 500
    with pytest.raises(UndeclaredRequest, match="answer to GET http://a/a failed: ZeroDivision"):
        fake.check()
    assert (await ask(fake, "GET", "http://a/b"))[0] == 500
    with pytest.raises(UndeclaredRequest, match="gave 'text', no answer"):
        fake.check()


async def test_undeclared_requests_fail_with_the_nearest_declaration(fake: FakeServer) -> None:
    assert (await ask(fake, "GET", "http://api.example.com/item"))[0] == 501
    with pytest.raises(UndeclaredRequest, match=r"nothing is declared; write fake_server.get\('ht"):
        fake.check()
    fake.check()
    fake.post("http://api.example.com/things")
    fake.get("http://api.example.com/items?page=1")
    await ask(fake, "GET", "http://api.example.com/items")
    with pytest.raises(UndeclaredRequest) as caught:
        fake.check()
    assert str(caught.value) == (
        "GET http://api.example.com/items was asked and is not declared; the nearest is "
        "GET http://api.example.com/items?page=1 (query: 'page=1' declared, '' asked)"
    )


async def test_leaving_the_block_checks() -> None:
    with pytest.raises(UndeclaredRequest, match="GET http://a/ was asked"):
        async with FakeServer() as fake:
            await ask(fake, "GET", "http://a/")


async def test_leaving_the_block_hides_no_other_error() -> None:
    fake = FakeServer()
    await fake.__aenter__()
    await ask(fake, "GET", "http://a/")
    await fake.__aexit__(KeyError, KeyError(), None)


async def test_what_was_never_asked_is_told(fake: FakeServer) -> None:
    fake.get("http://a/one")
    with pytest.raises(AssertionError, match="declared and never asked: GET http://a/one"):
        fake.check_all_asked()


async def test_what_is_no_request_fails_the_test(fake: FakeServer) -> None:
    end = await fake.connect(End, "a", 80, ssl=None)
    end.transport.write(b"nonsense\r\n\r\n")
    while b"\r\n\r\n" not in end.data:
        await asyncio.sleep(0)
    end.transport.close()
    await end.ended
    with pytest.raises(UndeclaredRequest, match="what the client sent is no request"):
        fake.check()


async def test_expect_is_answered(fake: FakeServer) -> None:
    fake.post("/", data="body").answer(text="thanks")
    end = await fake.connect(End, "a", 80, ssl=None)
    end.transport.write(
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n"
        b"Connection: close\r\n\r\n"
    )
    while not end.data:
        await asyncio.sleep(0)
    assert end.data == b"HTTP/1.1 100 Continue\r\n\r\n"
    end.transport.write(b"body")
    await end.ended
    assert end.data.endswith(b"thanks")


async def test_faults_of_connections_and_of_answers() -> None:
    async with FakeServer(faults=[CutAfter(5), None]) as fake:
        fake.get("/").answer(text="whole").answer(text="reset", fault=ResetAfter(20))
        with pytest.raises(IndexError):
            await ask(fake, "GET", "http://a/")
        end = await fake.connect(End, "a", 80, ssl=None)
        end.transport.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await end.ended == "ConnectionResetError"
        assert len(end.data) == 20


# TLS.


async def test_every_name_has_its_certificate() -> None:
    async with FakeServer() as fake:
        fake.get("https://api.example.com/").answer(text="secret")
        fake.get("https://other.example.com:8443/").answer(text="other")
        fake.get("http://api.example.com/").answer(text="plain")
        assert await ask(fake, "GET", "https://api.example.com/") == (200, b"secret")
        assert await ask(fake, "GET", "https://other.example.com:8443/") == (200, b"other")
        assert await ask(fake, "GET", "http://api.example.com/") == (200, b"plain")
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        got = await ask(fake, "GET", "https://api.example.com/", context=context)
        assert got == (200, b"secret")


async def test_tls_needs_trustme(monkeypatch: pytest.MonkeyPatch) -> None:
    from aiolos_testing.fake import authority

    monkeypatch.setitem(__import__("sys").modules, "trustme", None)
    with pytest.raises(MissingDistribution, match="FakeServer .* by https needs .*trustme"):
        authority.Authority()


async def test_there_is_no_tls_in_memory() -> None:
    async with FakeServer(transport="memory") as fake:
        with pytest.raises(ConnectionRefusedError, match="no TLS in memory"):
            await ask(fake, "GET", "https://a/")


# HTTP/2.


class Owner:
    """A client link's role."""

    def recycled(self, link: Any) -> None:
        pass

    def lost(self, link: Any, exc: BaseException | None) -> None:
        pass


async def ask_by_h2(fake: FakeServer, host: str, context: Any, method: str, body: bytes) -> Any:
    """The link, still open, and the status and body of an answer."""
    loop = asyncio.get_running_loop()

    def new_link() -> H2ClientLink:
        return H2ClientLink(loop, Clock(loop), DEFAULT_LIMITS, Owner())

    link = await fake.connect(new_link, host, 443 if context else 80, ssl=context)
    head = RequestHead(method, "/items?page=1", headers=CIMultiDict(Host=host))
    exchange = link.ask(head, body)
    answer = await exchange.answered
    return link, answer.status, bytes(await exchange.body.read())


async def test_http2_is_spoken_to_whom_begins_with_it(fake: FakeServer) -> None:
    fake.post("http://api.example.com/items?page=1", data="body").answer(201, text="made")
    got = await ask_by_h2(fake, "api.example.com", None, "POST", b"body")
    assert got[1:] == (201, b"made")
    got[0].close()


async def test_http2_is_agreed_upon_by_alpn() -> None:
    async with FakeServer() as fake:
        fake.get("https://api.example.com/items?page=1").answer(data=[b"one", b"two"])
        context = ssl.create_default_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        got = await ask_by_h2(fake, "api.example.com", context, "GET", b"")
        assert got[1:] == (200, b"onetwo")
        assert got[0].get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        got[0].close()
    async with FakeServer(http2=False) as fake:
        fake.get("/")
        end = await fake.connect(End, "api.example.com", 443, ssl=context)
        tls = end.transport.get_extra_info("ssl_object")
        assert tls.selected_alpn_protocol() == "http/1.1"
        end.transport.close()
        await end.ended


async def test_a_client_that_begins_and_leaves_is_none(fake: FakeServer) -> None:
    end = await fake.connect(End, "a", 80, ssl=None)
    end.transport.write(b"PRI * HT")
    end.transport.write_eof()
    await end.ended
    assert fake.asked == []
    fake.check()


# Matching.


def asked(method: str = "GET", url: str = "http://a/", body: bytes = b"", **headers: str) -> Asked:
    return Asked(method, URL(url), CIMultiDictProxy(CIMultiDict(headers)), body)


@pytest.mark.parametrize(
    ("declared", "request_", "differences"),
    [
        (Declaration("get", "/"), asked(), []),
        (Declaration("*", "http://a"), asked("BREW"), []),
        (Declaration("GET", "http://a:80/"), asked(), []),
        (Declaration("GET", "ws://a/"), asked(), []),
        (Declaration("GET", "/?b=2&a=1"), asked(url="http://a/?a=1&b=2"), []),
        (Declaration("GET", re.compile(r"http://a/\d+")), asked(url="http://a/12"), []),
        (Declaration("POST", "/", json={"a": 1}), asked("POST", body=b'{"a":1}'), []),
        (Declaration("POST", "/", json=None), asked("POST", body=b"null"), []),
        (Declaration("POST", "/", form={"a": "1 2"}), asked("POST", body=b"a=1+2"), []),
        (Declaration("POST", "/", data="ü"), asked("POST", body="ü".encode()), []),
        (Declaration("GET", "/", headers={"key": "a"}), asked(KEY="a"), []),
        (Declaration("GET", "/", headers={"Key": re.compile("a+")}), asked(KEY="aa"), []),
        (Declaration("PUT", "/"), asked(), ["method: 'PUT' declared, 'GET' asked"]),
        (
            Declaration("GET", "https://a/"),
            asked(),
            ["origin: 'https://a' declared, 'http://a' asked"],
        ),
        (
            Declaration("GET", "/a?b"),
            asked(url="http://a/c?d"),
            ["path: '/a' declared, '/c' asked", "query: 'b' declared, 'd' asked"],
        ),
        (
            Declaration("GET", re.compile("http://b/.*")),
            asked(),
            ["URL: '/http://b/.*/' declared, 'http://a/' asked"],
        ),
        (
            Declaration("GET", "/", headers={"Key": "a"}),
            asked(Key="b"),
            ["header Key: 'a' declared, 'b' asked"],
        ),
        (
            Declaration("GET", "/", headers={"Key": re.compile("a")}),
            asked(),
            ["header Key: '/a/' declared, None asked"],
        ),
        (
            Declaration("GET", "/", json=[1]),
            asked(body=b"[2]"),
            ["JSON: [1] declared, [2] asked"],
        ),
        (
            Declaration("GET", "/", json=[1]),
            asked(body=b"no JSON"),
            ["body: [1] declared, b'no JSON' asked"],
        ),
        (
            Declaration("GET", "/", form={"a": "1"}),
            asked(body=b"a=2"),
            ["form: {'a': '1'} declared, {'a': '2'} asked"],
        ),
        (
            Declaration("GET", "/", data=b"a"),
            asked(body=b"b"),
            ["body: b'a' declared, b'b' asked"],
        ),
    ],
)
def test_matching(declared: Declaration, request_: Asked, differences: list[str]) -> None:
    assert declared.differences(request_) == differences


def test_a_request_reads_its_body() -> None:
    form = asked(body=b"a=1&a=2&b=")
    assert form.form().getall("a") == ["1", "2"]
    assert asked(body=json.dumps({"a": 1}).encode()).json() == {"a": 1}


# Sessions, and bad use.


async def test_sessions_reach_it_and_are_closed_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Any] = []

    class Session:
        def __init__(self, connect: Any, options: Any) -> None:
            self.connect, self.options = connect, options

        async def close(self) -> None:
            closed.append(self)

    class Component:
        @staticmethod
        def loopback_session(*, connect: Any, **options: Any) -> Session:
            return Session(connect, options)

    monkeypatch.setitem(siblings._bound, "client", Component)
    async with FakeServer() as fake:
        session = fake.session(headers={"A": "b"})
        assert session.connect == fake.connect
        assert session.options == {"headers": {"A": "b"}}
    assert closed == [session]


async def test_by_its_resolver_every_name_is_this_server() -> None:
    async with FakeServer() as fake:
        fake.get("http://api.example.com/").answer(text="here")
        (found,) = await fake.resolver.resolve("api.example.com", 80)
        assert found["hostname"] == "api.example.com"
        assert (found["host"], found["port"]) == ("127.0.0.1", fake.port)
        reader, writer = await asyncio.open_connection(found["host"], found["port"])
        writer.write(b"GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"here")
        writer.close()
        await fake.resolver.close()
    async with FakeServer(transport="memory") as fake:
        with pytest.raises(RuntimeError, match="in memory there are no addresses"):
            _ = fake.resolver


async def test_a_context_of_the_codes_own_learns_to_trust_it() -> None:
    async with FakeServer() as fake:
        fake.get("https://api.example.com/").answer(text="secret")
        context = ssl.create_default_context()
        fake.trust(context)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", fake.port, ssl=context, server_hostname="api.example.com"
        )
        writer.write(b"GET / HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"secret")
        writer.close()


async def test_its_own_url_is_for_code_that_is_told_where_to_ask() -> None:
    async with FakeServer() as fake:
        fake.get("/path").answer(text="found")
        assert await ask(fake, "GET", str(fake.url("/path"))) == (200, b"found")
        with pytest.raises(ValueError, match="begins with '/', not 'path'"):
            fake.url("path")


@pytest.mark.usefixtures("absent")
async def test_a_session_names_what_to_install() -> None:
    async with FakeServer() as fake:
        with pytest.raises(MissingDistribution, match=r"^FakeServer.session\(\) needs .*-client'"):
            fake.session()


@pytest.mark.usefixtures("absent")
def test_a_websocket_names_what_to_install() -> None:
    async def talk(websocket: Any) -> None:
        pass

    with pytest.raises(MissingDistribution, match=r"^FakeServer.websocket\(\) needs .*-websocket'"):
        FakeServer().websocket("ws://a/", talk)


async def test_an_answer_that_cannot_be_sent_fails_the_test(fake: FakeServer) -> None:
    fields = CIMultiDict({"Transfer-Encoding": "chunked"})
    fake.get("/").answer_with(Answer(headers=fields))
    with pytest.raises(AssertionError, match="no answer"):
        await ask(fake, "GET", "http://a/")
    with pytest.raises(UndeclaredRequest, match="the answer to GET / failed: .* leave it out"):
        fake.check()


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"text": b"x"}, TypeError, "text is a str, not bytes; bytes are given as data"),
        ({"data": "hello"}, TypeError, "a str is given as text"),
        ({"data": [3]}, TypeError, "data is bytes, or a list of them, not of int"),
        ({"headers": {"a": "x\r\nb: c"}}, ValueError, "the headers of an answer cannot be sent"),
        ({"headers": {"a b": "x"}}, ValueError, "the headers of an answer cannot be sent"),
        ({"headers": {"transfer-encoding": "x"}}, ValueError, "give `data` as a list of pieces"),
    ],
)
def test_what_cannot_be_sent_is_told_where_it_is_declared(
    options: dict[str, Any], kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind, match=told):
        FakeServer().get("/").answer(**options)


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"method": "GET /x"}, ValueError, r"'GET /x' is no method: write on\('GET', url\)"),
        ({"url": None}, TypeError, "declare a URL as a str, a yarl.URL or a pattern, not None"),
        ({"headers": {"A": 1}}, TypeError, "the header A is a str or a pattern, not 1"),
        ({"form": "a=b"}, TypeError, "form is a dict like {'name': 'value'}, not 'a=b'"),
        ({"form": {"a": 1}}, TypeError, "the form's field a is a str, not 1"),
        ({"data": {"a": "b"}}, TypeError, "bytes or str, not dict; a form is given as form"),
        ({"data": 5}, TypeError, "data is bytes or str, not int"),
    ],
)
def test_what_no_request_can_be_is_told_where_it_is_declared(
    options: dict[str, Any], kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind, match=told):
        FakeServer().on(**{"method": "GET", "url": "/x", **options})
    with pytest.raises(TypeError, match=r"answer_with\(\) takes an answer\(\.\.\.\), not 200"):
        FakeServer().get("/").answer_with(200)  # type: ignore[arg-type]


async def test_addresses_have_a_certificate() -> None:
    async with FakeServer() as fake:
        fake.get("/").answer(text="ok")
        for host in ("10.1.2.3", "[2001:db8::1]", "127.0.0.1", "10.1.2.3"):
            assert await ask(fake, "GET", f"https://{host}/") == (200, b"ok")


async def test_names_with_an_underscore_have_a_certificate() -> None:
    async with FakeServer() as fake:
        fake.get("/").answer(text="ok")
        for host in ("my_service", "db_1.internal:5000"):
            assert await ask(fake, "GET", f"https://{host}/") == (200, b"ok")


async def test_a_name_that_is_none_has_no_certificate() -> None:
    name = "my_service." + "a" * 60
    async with FakeServer() as fake:
        with pytest.raises(OSError, match=f"no certificate for '{name}', .* ask it by http"):
            await ask(fake, "GET", f"https://{name}/")
        # Whoever comes by the resolver is cut off, and the test is told by a complaint.
        context = ssl.create_default_context()
        fake.trust(context)
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", fake.port, ssl=context, server_hostname=name)
        with pytest.raises(UndeclaredRequest, match=f"no certificate for '{name}'"):
            fake.check()


def test_a_session_is_made_in_a_coroutine(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeServer()
    loop = asyncio.new_event_loop()
    monkeypatch.setattr(siblings, "client", lambda wanted_by: None)
    try:
        fake.start(loop)
        with pytest.raises(RuntimeError, match="make the test an 'async def'"):
            fake.session()
        loop.run_until_complete(fake.close())
    finally:
        loop.close()


async def test_a_server_that_is_closed_says_so() -> None:
    async with FakeServer() as fake:
        pass
    for use in (fake.session, lambda: fake.url("/"), lambda: fake.resolver):
        with pytest.raises(RuntimeError, match="this FakeServer is closed; make another one"):
            use()
    with pytest.raises(RuntimeError, match="it is started once"):
        fake.start()


async def test_a_server_that_does_not_run_says_what_to_do() -> None:
    fake = FakeServer()
    for use in (fake.session, lambda: fake.url("/"), lambda: fake.resolver):
        with pytest.raises(RuntimeError, match="has not been started: write 'async with'"):
            use()
    async with fake:
        with pytest.raises(RuntimeError, match="it is started once"):
            fake.start()
    with pytest.raises(ValueError, match="transport is 'tcp' or 'memory'"):
        FakeServer(transport="udp")


def test_bad_declarations_say_what_to_write() -> None:
    fake = FakeServer()
    with pytest.raises(ValueError, match="declare a whole URL, like .*, not 'api.example.com'"):
        fake.get("api.example.com")
    with pytest.raises(TypeError, match="one body: give json, text or data"):
        fake.get("/").answer(json=1, text="1")
    with pytest.raises(ValueError, match="a status is a number from 200 to 599, not 99"):
        fake.get("/").answer(99)
    with pytest.raises(TypeError, match="takes a function of the request, not 3"):
        fake.get("/").answer_by(3)  # type: ignore[arg-type]


def test_it_runs_on_uvloop(uvloop: Any) -> None:
    async def main() -> None:
        async with FakeServer(faults=[CutAfter(5), ResetAfter(), None]) as fake:
            fake.get("https://api.example.com/").answer(text="secret")
            fake.get("http://api.example.com/").answer(text="plain")
            with pytest.raises(IndexError):
                await ask(fake, "GET", "http://api.example.com/")
            with pytest.raises(AssertionError, match="no answer"):
                await ask(fake, "GET", "http://api.example.com/")
            assert await ask(fake, "GET", "https://api.example.com/") == (200, b"secret")
            assert await ask(fake, "GET", "http://api.example.com/") == (200, b"plain")
        async with FakeServer(transport="memory") as fake:
            fake.get("http://api.example.com/").answer(text="in memory")
            assert await ask(fake, "GET", "http://api.example.com/") == (200, b"in memory")

    uvloop.run(main())


@pytest.mark.parametrize("body", [b"\xff\x00", b"[" * 100_000])
async def test_declared_bodies_spoil_no_other_requests(fake: FakeServer, body: bytes) -> None:
    fake.post("/image", data=body).answer(201)
    fake.post("/form", form={"a": "1"})
    fake.post("/json", json={"a": 1})
    assert await ask(fake, "POST", "http://a/image", body) == (201, b"")


def test_a_form_that_is_no_utf_8_is_a_form() -> None:
    asked = Asked("POST", URL("http://a/"), CIMultiDictProxy(CIMultiDict()), b"a=\xff&b=1")
    assert list(asked.form().items()) == [("a", "\ufffd"), ("b", "1")]


async def test_another_failure_is_told_what_was_undeclared() -> None:
    fake = FakeServer()

    async def fail() -> None:
        async with fake:
            await ask(fake, "GET", "http://a/items")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        await fail()
    (note,) = caught.value.__notes__
    assert "GET http://a/items was asked and nothing is declared" in note
    fake.check()


async def test_another_failure_without_complaints_has_no_note() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        async with FakeServer():
            raise ZeroDivisionError
    assert not hasattr(caught.value, "__notes__")


def test_the_class_of_a_fault_is_none() -> None:
    with pytest.raises(TypeError, match="a fault is an object like CutAfter"):
        FakeServer().get("/").answer(fault=CutAfter)  # type: ignore[arg-type]


async def test_https_without_trustme_is_refused_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    authority.cache_clear()
    fake = FakeServer()
    try:
        fake.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", fake.port)
        # A TLS record that begins a handshake (RFC 8446 5.1).
        writer.write(b"\x16\x03\x01\x00\x05hello")
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        with pytest.raises(UndeclaredRequest, match="pip install trustme"):
            fake.check()
    finally:
        await fake.close()
        authority.cache_clear()
