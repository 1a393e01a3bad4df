"""What an application puts around its handlers: signals, on_exception, and their order."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web

Serve = Callable[..., Any]


def target(path: str, method: str = "GET", body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def broken(request: web.Request) -> web.Response:
    raise KeyError("oops")


async def not_found(request: web.Request) -> web.Response:
    return web.json_response({"error": "not found"}, status=404)


async def method_not_allowed(request: web.Request) -> web.Response:
    return web.json_response({"error": "method"}, status=405)


async def test_mid_05_each_handler_serves_its_own_error(serve: Serve) -> None:
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/broken", broken)
    app.on_exception.append(not_found)
    app.on_exception.append(method_not_allowed)
    peer = serve(app=app)
    answer = await peer.ask(target("/nowhere"))
    assert (answer.status, json.loads(answer.body)) == (404, {"error": "not found"})
    answer = await peer.ask(target("/", "POST"))
    assert (answer.status, json.loads(answer.body)) == (405, {"error": "method"})
    assert (await peer.ask(target("/"))).body == b"hello"
    # Neither serves this one: the default page.
    answer = await peer.ask(target("/broken"))
    assert answer.status == 500
    assert answer.body.startswith(b"500 Internal Server Error")


async def test_mid_05_none_declines_and_the_next_is_asked(serve: Serve) -> None:
    asked: list[str] = []

    async def declines(request: web.Request, exc: Exception) -> None:
        asked.append(type(exc).__name__)

    app = web.Application()
    app.on_exception.append(declines)
    app.on_exception.append(not_found)
    assert (await serve(app=app).ask(target("/x"))).body == b'{"error": "not found"}'
    assert asked == ["HTTPNotFound"]


async def test_mid_05_redirections_and_successes_are_no_errors(serve: Serve) -> None:
    async def everything(request: web.Request, exc: Exception) -> web.Response:
        return web.Response(text="error", status=500)

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound("/elsewhere")

    async def accept(request: web.Request) -> web.Response:
        return web.HTTPAccepted()

    app = web.Application()
    app.router.add_get("/redirect", redirect)
    app.router.add_get("/accept", accept)
    app.on_exception.append(everything)
    peer = serve(app=app)
    assert (await peer.ask(target("/redirect"))).status == 302
    assert (await peer.ask(target("/accept"))).status == 202


async def test_mid_05_a_returned_error_is_as_good_as_a_raised_one(serve: Serve) -> None:
    async def returns(request: web.Request) -> web.Response:
        return web.HTTPNotFound()

    app = web.Application()
    app.router.add_get("/x", returns)
    app.on_exception.append(not_found)
    assert (await serve(app=app).ask(target("/x"))).body == b'{"error": "not found"}'


async def test_mid_05_it_comes_after_the_middlewares(serve: Serve) -> None:
    seen: list[str] = []

    @web.middleware
    async def handles(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            seen.append("middleware")
            raise

    async def answers(request: web.Request, exc: Exception) -> web.Response:
        seen.append("on_exception")
        return web.Response(status=404)

    app = web.Application(middlewares=[handles])
    app.on_exception.append(answers)
    await serve(app=app).ask(target("/x"))
    assert seen == ["middleware", "on_exception"]


async def test_mid_06_unexpected_errors_are_seen_and_logged(serve: Serve, caplog: Any) -> None:
    seen: list[Exception] = []

    async def report(request: web.Request, exc: Exception) -> web.Response:
        seen.append(exc)
        return web.json_response({"error": "sorry"}, status=503)

    app = web.Application()
    app.router.add_get("/broken", broken)
    app.on_exception.append(report)
    answer = await serve(app=app).ask(target("/broken"))
    assert (answer.status, answer.body) == (503, b'{"error": "sorry"}')
    assert [repr(each) for each in seen] == ["KeyError('oops')"]
    (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert record.getMessage() == "Error handling request GET /broken from 127.0.0.1"
    assert record.exc_info[1] is seen[0]


async def test_mid_06_one_parameter_and_an_unexpected_error(serve: Serve) -> None:
    async def five_hundred(request: web.Request) -> web.Response:
        return web.Response(text="custom", status=502)

    app = web.Application()
    app.router.add_get("/broken", broken)
    app.on_exception.append(not_found)
    app.on_exception.append(five_hundred)
    answer = await serve(app=app).ask(target("/broken"))
    assert (answer.status, answer.body) == (502, b"custom")


async def test_broken_json_is_a_400_for_on_exception_too(serve: Serve, caplog: Any) -> None:
    async def takes_json(request: web.Request) -> web.Response:
        await request.json()
        raise NotImplementedError

    async def bad_request(request: web.Request) -> web.Response:
        return web.json_response({"error": "bad"}, status=400)

    app = web.Application()
    app.router.add_post("/", takes_json)
    app.on_exception.append(bad_request)
    answer = await serve(app=app).ask(target("/", "POST", b"{"))
    assert (answer.status, answer.body) == (400, b'{"error": "bad"}')
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


async def test_an_error_behind_the_head_is_nobodys(serve: Serve) -> None:
    asked: list[Exception] = []

    async def late(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"part")
        raise KeyError("late")

    async def answers(request: web.Request, exc: Exception) -> web.Response:
        asked.append(exc)
        return web.Response()

    app = web.Application()
    app.router.add_get("/", late)
    app.on_exception.append(answers)
    peer = serve(app=app)
    await peer.send(target("/"))
    assert peer.transport.aborted
    assert not asked


async def test_an_error_handler_that_raises(serve: Serve) -> None:
    async def raises(request: web.Request, exc: Exception) -> web.Response:
        if isinstance(exc, web.HTTPNotFound):
            raise web.HTTPGone(text="gone")
        raise RuntimeError("worse")

    app = web.Application()
    app.router.add_get("/broken", broken)
    app.on_exception.append(raises)
    peer = serve(app=app)
    assert (await peer.ask(target("/x"))).body == b"gone"
    assert (await peer.ask(target("/broken"))).status == 500


async def test_an_error_handler_that_is_no_coroutine_function(serve: Serve, caplog: Any) -> None:
    def wrong(request: web.Request) -> web.Response:
        return web.Response(status=404)

    app = web.Application()
    app.on_exception.append(wrong)
    assert (await serve(app=app).ask(target("/x"))).status == 500
    assert "wrong (test_chain.py, line" in caplog.text


async def test_a_sub_applications_errors_are_its_own_first(serve: Serve) -> None:
    async def inner(request: web.Request, exc: Exception) -> web.Response | None:
        if isinstance(exc, web.HTTPNotFound):
            return web.Response(text="inner", status=404)
        return None

    async def outer(request: web.Request, exc: Exception) -> web.Response:
        return web.Response(text="outer", status=500)

    sub = web.Application()
    sub.router.add_get("/broken", broken)
    sub.on_exception.append(inner)
    app = web.Application()
    app.add_subapp("/sub", sub)
    app.on_exception.append(outer)
    peer = serve(app=app)
    assert (await peer.ask(target("/sub/x"))).body == b"inner"
    assert (await peer.ask(target("/sub/broken"))).body == b"outer"
    assert (await peer.ask(target("/x"))).body == b"outer"


async def test_sig_07_on_request_start(serve: Serve) -> None:
    seen: list[str] = []

    async def start(request: web.Request) -> None:
        seen.append(f"start {request.path}")
        if request.path == "/refused":
            raise web.HTTPForbidden(text="no")
        if request.path == "/broken":
            raise KeyError("oops")

    @web.middleware
    async def note(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        seen.append("middleware")
        return await handler(request)

    app = web.Application(middlewares=[note])
    app.router.add_get("/", hello)
    app.on_request_start.append(start)
    peer = serve(app=app)
    assert (await peer.ask(target("/"))).status == 200
    assert (await peer.ask(target("/nowhere"))).status == 404
    assert seen == ["start /", "middleware", "start /nowhere", "middleware"]
    answer = await peer.ask(target("/refused"))
    assert (answer.status, answer.body) == (403, b"no")
    assert (await peer.ask(target("/broken"))).status == 500
    assert seen[4:] == ["start /refused", "start /broken"]


async def test_sig_08_on_request_match(serve: Serve) -> None:
    seen: list[Any] = []

    async def match(request: web.Request, mapping: Any) -> None:
        assert mapping is request.match_info
        seen.append(dict(mapping))

    @web.middleware
    async def note(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        seen.append("middleware")
        return await handler(request)

    app = web.Application(middlewares=[note])
    app.router.add_get("/x/{y:int}", hello)
    app.on_request_match.append(match)
    peer = serve(app=app)
    assert (await peer.ask(target("/x/7"))).status == 200
    assert seen == [{"y": 7}, "middleware"]
    seen.clear()
    assert (await peer.ask(target("/nowhere"))).status == 404
    assert (await peer.ask(target("/x/7", "POST"))).status == 405
    assert seen == ["middleware", "middleware"]


async def test_request_signals_of_sub_applications(serve: Serve) -> None:
    seen: list[str] = []

    def noting(word: str) -> Any:
        async def note(*args: Any) -> None:
            seen.append(word)

        return note

    sub = web.Application()
    sub.router.add_get("/x", hello)
    sub.on_request_start.append(noting("sub start"))
    sub.on_request_match.append(noting("sub match"))
    app = web.Application()
    app.router.add_get("/y", hello)
    app.on_request_start.append(noting("start"))
    app.on_request_match.append(noting("match"))
    app.add_subapp("/sub", sub)
    peer = serve(app=app)
    await peer.ask(target("/sub/x"))
    assert seen == ["start", "sub start", "match", "sub match"]
    seen.clear()
    await peer.ask(target("/y"))
    assert seen == ["start", "match"]


async def test_a_route_without_layers_is_called_directly() -> None:
    app = web.Application()
    route = app.router.add_get("/", hello)
    app.freeze()
    assert route.chain is hello


@pytest.mark.parametrize("signal", ["on_request_start", "on_request_match", "on_exception"])
def test_they_are_closed_once_started(signal: str) -> None:
    app = web.Application()
    app.freeze()
    with pytest.raises(RuntimeError):
        getattr(app, signal).append(hello)


async def test_what_a_peer_asked_for_forges_no_line_of_an_error(serve: Serve, caplog: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        raise LookupError

    async def answer(request: web.Request, error: Exception) -> web.Response:
        return web.Response(status=500)

    app = web.Application()
    app.router.add_get("/{tail:.*}", handler)
    app.on_exception.append(answer)
    request = "GET /\x9b31m\u2028x HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    assert (await serve(app=app).ask(request)).status == 500
    (record,) = [each for each in caplog.records if each.exc_info]
    assert "Error handling request GET /\\x9b31m\\u2028x from" in record.getMessage()
