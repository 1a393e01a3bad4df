"""One line per request."""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from aiolos_protocol.limits import Limits
from aiolos_server import web

GET = b"GET /a?b=1 HTTP/1.1\r\nHost: a\r\nUser-Agent: me\r\n\r\n"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, running: Any, talk: Any) -> Callable[..., Any]:
    """await lines(format, request): what is logged for one request."""

    async def lines(log_format: str, request: bytes = GET, **options: Any) -> list[str]:
        async def handler(request: web.Request) -> web.Response:
            return web.Response(text="hello", headers={"X-Out": "o"})

        logger = logging.getLogger("aiolos.access")
        options = {"access_log": logger, "access_log_format": log_format, **options}
        app = web.Application()
        app.router.add_get("/{tail:.*}", handler)
        async with running(app, **options) as (_, port, _):
            await talk(port, request.replace(b"Host", b"Connection: close\r\nHost"))
        return [each.getMessage() for each in caplog.records if each.name == "aiolos.access"]

    return lines


async def test_the_default_format(lines: Any) -> None:
    (line,) = await lines(web.AccessLogger.LOG_FORMAT)
    assert line.startswith("127.0.0.1 [")
    assert line.endswith('] "GET /a?b=1 HTTP/1.1" 200 5 "-" "me"')


@pytest.fixture
def logged(serve: Any) -> Callable[..., Any]:
    """logged(**options): a peer, and the lines that are logged of its requests."""

    def logged(handler: Any = None, **options: Any) -> tuple[Any, list[str]]:
        found: list[str] = []

        def log(request: Any, response: Any, seconds: float) -> None:
            found.append("".join(told.told(request, response, seconds)))

        told = web.AccessLogger(logging.getLogger("aiolos.access"), '%a "%r" %s %b %{Host}i')
        return serve(handler, log_access=log, **options), found

    return logged


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (b"GET /bad HTTP/9\r\nHost: a\r\n\r\n", '"GET /bad HTTP/1.0" 400'),
        (b"GET /none HTTP/1.1\r\n\r\n", '"GET /none HTTP/1.1" 400'),
        (b"GET /sp HTTP/1.1\r\nHost : a\r\n\r\n", '"GET /sp HTTP/1.1" 400'),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n" % (b"x" * 100_000), "GET / HTTP/1.1"),
        (b"\x16\x03\x01\0\x01\r\n\r\n", '"UNKNOWN / HTTP/1.0" 400'),
        (b"GET / HTTP/2.5\r\nHost: a\r\n\r\n", '"GET / HTTP/2.5" 505'),
    ],
    ids=["version", "host", "space", "limit", "tls", "505"],
)
async def test_what_is_refused_below_handlers_has_a_line(
    logged: Any, request_: bytes, line: str
) -> None:
    peer, found = logged()
    answer = await peer.ask(request_)
    (told,) = found
    assert told.startswith("127.0.0.1 ")
    assert told.endswith(f" {answer.status} {len(answer.body)} -")
    assert line in told


async def test_what_is_refused_over_http2_has_a_line(logged: Any) -> None:
    """A field of 2,000 bytes."""
    peer, found = logged(limits=Limits(field=1000))
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
    block = b"\x82\x84\x86\x41\x01a\0\1x\x7f\xd1\x0e" + b"y" * 2000
    frame = len(block).to_bytes(3, "big") + b"\1\5\0\0\0\1" + block
    await peer.send(preface + frame)
    # A rule of the connection's is broken: nobody is answered.
    await peer.send(b"\0\0\4\x08\0\0\0\0\0\0\0\0\0")
    assert peer.closed
    assert [line.rpartition(" 431 ")[0] for line in found] == ['127.0.0.1 "UNKNOWN / HTTP/2.0"']


async def test_a_body_that_comes_broken_with_its_head_has_a_line(logged: Any) -> None:
    peer, found = logged()
    head = b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await peer.ask(head + b"zz\r\n")
    assert answer.status == 400
    assert found == [f'127.0.0.1 "POST /b HTTP/1.1" 400 {len(answer.body)} a']
    await peer.send(b"more")
    assert len(found) == 1


async def test_who_is_too_slow_has_a_line(logged: Any) -> None:
    peer, found = logged(head_timeout=10)
    await peer.send(b"POST /slow HTTP/1.1\r\n", b"Ho")
    peer.clock.advance(10)
    data = await peer.send()
    assert data.startswith(b"HTTP/1.1 408 ")
    (line,) = found
    assert line.startswith('127.0.0.1 "POST /slow HTTP/1.1" 408 ')


async def test_who_is_turned_away_has_a_line(logged: Any) -> None:
    peer, found = logged(max_connections=1)
    more = type(peer)(peer.server)
    await peer.send(GET[:20])
    answer = await more.ask(GET)
    assert answer.status == 503
    assert found == [f'127.0.0.1 "GET /a?b=1 HTTP/1.1" 503 {len(answer.body)} a']


async def test_who_takes_no_answer_is_told_once(logged: Any) -> None:
    """The request has its line; that the peer is cut off is no answer."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 10_000_000)

    peer, found = logged(handler, body_timeout=10)
    await peer.send(GET)
    peer.transport.pause(5_000_000)
    for _ in range(4):
        peer.clock.advance(10)
    await peer.send()
    assert peer.transport.is_closing()
    assert [line.split()[-3] for line in found] == ["200"]


async def test_an_error_of_the_access_logger_does_not_keep_a_refusal_back(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def log(request: Any, response: Any, seconds: float) -> None:
        raise LookupError

    answer = await serve(log_access=log).ask(b"GET / HTTP/9\r\n\r\n")
    assert answer.status == 400
    assert "Error in the access logger" in caplog.text


async def test_a_body_that_was_not_sent_does_not_count(logged: Any) -> None:
    peer, found = logged()
    await peer.ask(GET.replace(b"GET", b"HEAD"))
    assert found == ['127.0.0.1 "HEAD /a?b=1 HTTP/1.1" 200 0 a']


async def test_the_other_atoms(lines: Any) -> None:
    (line,) = await lines("%{X-Out}o %{x-none}i %% %l %s %b %T %D %Tf")
    out, none, percent, dash, status, size, seconds, micro, fraction = line.split()
    assert (out, none, percent, dash, status, size, seconds) == (
        "o",
        "-",
        "%",
        "-",
        "200",
        "5",
        "0",
    )
    assert int(micro) >= 0
    assert 0 <= float(fraction) < 5


async def test_the_length_that_the_connection_told(lines: Any) -> None:
    assert await lines("%{Content-Length}o %{content-length}i") == ["5 -"]


@pytest.mark.parametrize("has_hook", [True, False])
async def test_fields_that_the_connection_adds(
    serve: Any, has_hook: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.StreamResponse() if request.path == "/stream" else web.Response(text="hello")

    async def look(request: web.Request, response: web.StreamResponse) -> None:
        pass

    app = web.Application()
    app.router.add_get("/{tail:.*}", handler)
    if has_hook:
        app.on_response_prepare.append(look)
    names = ("Date", "Server", "Connection", "Transfer-Encoding", "Content-Type")
    log_format = "|".join(f"%{{{name}}}o" for name in names)
    logger = logging.getLogger("aiolos.access")
    peer = serve(app=app, access_log=logger, access_log_format=log_format)
    for target in (b"/", b"/stream"):
        headers = (await peer.ask(GET.replace(b"/a?b=1", target))).headers
        line = [each.getMessage() for each in caplog.records if each.name == "aiolos.access"][-1]
        assert line == "|".join(headers.get(name.lower(), "-") for name in names)


class Everything(web.AbstractAccessLogger):
    """Somebody's own logger."""

    def log(self, request: Any, response: Any, time: float) -> None:
        self.logger.info("%s", {name.lower(): value for name, value in response.headers.items()})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("fields", [{}, {"Content-Length": "7"}])
async def test_a_logger_of_ones_own_sees_what_was_sent(
    serve: Any, method: str, fields: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="hello", headers=fields)

    logger = logging.getLogger("aiolos.access")
    peer = serve(handler, access_log=logger, access_log_class=Everything)
    answer = await peer.ask(GET.replace(b"GET", method.encode()))
    (line,) = [each.getMessage() for each in caplog.records if each.name == "aiolos.access"]
    assert sorted(line) == sorted(str(answer.headers))


@pytest.mark.parametrize("log_format", ["%z", "%{X}y", "%", "100%"])
def test_unknown_atoms(log_format: str) -> None:
    with pytest.raises(ValueError):
        web.AccessLogger(logging.getLogger("aiolos.access"), log_format)


async def test_what_a_peer_sends_forges_no_line(lines: Any) -> None:
    request = 'GET /%0A"\\ HTTP/1.1\r\nHost: a\r\nUser-Agent: \x9b31m"x\u2028\r\n\r\n'.encode(
        "utf-8"
    )
    (line,) = await lines('"%r" "%{User-Agent}i"', request)
    assert line.count('"') - line.count('\\"') == 4
    assert line.isprintable()


async def test_a_told_address_forges_no_line(
    caplog: pytest.LogCaptureFixture, running: Any, talk: Any
) -> None:
    async def handler(request: web.Request) -> web.Response:
        request.tell(remote="::1%\x9b31m\u2028forged")
        return web.Response()

    logger = logging.getLogger("aiolos.access")
    app = web.Application()
    app.router.add_get("/", handler)
    with caplog.at_level(logging.INFO, "aiolos.access"):
        async with running(app, access_log=logger, access_log_format="%a") as (_, port, _):
            await talk(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    (line,) = [each.getMessage() for each in caplog.records if each.name == "aiolos.access"]
    assert line == r"::1%\x9b31m\u2028forged"


async def test_srv_18_the_lines_reach_a_root_handler(lines: Any) -> None:
    seen: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.name)

    handler = Keeping()
    logging.getLogger().addHandler(handler)
    try:
        await lines("%s")
    finally:
        logging.getLogger().removeHandler(handler)
    assert "aiolos.access" in seen


async def test_none_and_a_silent_level(lines: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert await lines("%s", access_log=None) == []
    caplog.set_level(logging.WARNING, logger="aiolos.access")
    assert await lines("%s") == []


async def test_a_class_of_the_users_own(lines: Any) -> None:
    seen: list[Any] = []

    class Own(web.AbstractAccessLogger):
        def log(self, request: Any, response: Any, time: float) -> None:
            seen.append((request.path, response.status, time >= 0, self.log_format))

    await lines("mine", access_log_class=Own)
    assert seen == [("/a", 200, True, "mine")]


async def test_a_logger_that_fails_harms_no_request(
    lines: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(web.AbstractAccessLogger):
        def log(self, request: Any, response: Any, time: float) -> None:
            raise LookupError("my own mistake")

    await lines("x", access_log_class=Failing)
    assert "my own mistake" in caplog.text
    assert "Error in the access logger" in caplog.text


async def test_json_lines(lines: Any) -> None:
    (line,) = await lines("", access_log_class=web.JSONAccessLogger)
    members = json.loads(line)
    assert datetime.fromisoformat(members.pop("time")).tzinfo is not None
    assert 0 <= members.pop("seconds") < 5
    assert members == {
        "remote": "127.0.0.1",
        "method": "GET",
        "target": "/a?b=1",
        "version": "1.1",
        "status": 200,
        "bytes": 5,
        "host": "a",
        "referer": None,
        "user_agent": "me",
    }


async def test_json_lines_are_lines_of_ascii(lines: Any) -> None:
    asked = GET.replace(b"User-Agent: me", 'User-Agent: "ä\x85\u2028'.encode() + b"\xff")
    (line,) = await lines("", asked, access_log_class=web.JSONAccessLogger)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["user_agent"] == '"ä\x85\u2028\udcff'


def test_json_lines_that_nobody_sees_are_not_made() -> None:
    logger = logging.getLogger("aiolos.access.silent")
    logger.setLevel(logging.WARNING)
    assert not web.JSONAccessLogger(logger, "").enabled
