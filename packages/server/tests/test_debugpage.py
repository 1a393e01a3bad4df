"""The page for developers: what it shows, that it escapes it, and that nobody gets it unasked."""

from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web

Serve = Callable[..., Any]

EVIL = "<script>alert(1)</script>"


async def broken(request: web.Request) -> web.Response:
    raise LookupError(EVIL)


def application(**options: Any) -> web.Application:
    app = web.Application(**options)
    app.router.add_get("/broken/{more:.*}", broken)
    app.router.add_get(f"/{EVIL.replace('/', '')}", broken)
    app.router.add_post("/only", broken)
    return app


def asking(target: str, accept: str = "text/html", field: str = "x") -> bytes:
    head = f"GET {target} HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\nX-Field: {field}\r\n\r\n"
    return head.encode()


@pytest.fixture
def ask(serve: Serve) -> Any:
    async def ask(request: bytes, app: Any = None) -> Any:
        app = app or application(debug=True)
        return await serve(app=app, **app.serving_options).ask(request)

    return ask


async def test_the_page_of_an_error(ask: Any, caplog: pytest.LogCaptureFixture) -> None:
    answer = await ask(asking(f"/broken/{EVIL}?{EVIL}", field=EVIL))
    page = answer.body.decode()
    assert answer.status == 500
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "LookupError" in page
    assert "raise LookupError(EVIL)" in page, "the line of the source"
    assert "X-Field" in page
    assert "/broken/{more}" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page.lower()
    assert "Error handling request GET /broken" in caplog.text


@pytest.mark.parametrize(("target", "status"), [(f"/{EVIL}x", 404), ("/only", 405)])
async def test_where_nobody_answers_the_routes_are_listed(
    ask: Any, target: str, status: int
) -> None:
    answer = await ask(asking(target))
    page = answer.body.decode()
    assert answer.status == status
    assert "/broken/{more}" in page
    assert "<script" not in page.lower()
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)


async def test_text_for_who_takes_no_html(ask: Any) -> None:
    answer = await ask(asking("/broken/", "*/*"))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.decode().rstrip().endswith(f"LookupError: {EVIL}")
    answer = await ask(asking("/nowhere", "*/*"))
    assert b"GET /broken/{more}  broken\n" in answer.body


async def test_bytes_that_are_no_text(ask: Any) -> None:
    request = asking("/broken/").replace(b": x", b": \xff\xfe")
    assert b"X-Field" in (await ask(request)).body


async def test_a_page_of_the_applications_own_is_left(ask: Any) -> None:
    async def handler(request: web.Request) -> web.Response:
        raise web.HTTPNotFound(text="mine")

    app = web.Application(debug=True)
    app.router.add_get("/", handler)
    assert (await ask(asking("/"), app)).body == b"mine"


async def test_nobody_gets_it_unasked(ask: Any) -> None:
    for target in ("/broken/", "/nowhere"):
        body = (await ask(asking(target), application())).body
        assert b"LookupError" not in body
        assert b"/broken" not in body


async def test_every_runner_heeds_the_application() -> None:
    for given, shown in ((True, True), (False, False)):
        runner = web.AppRunner(application(debug=given), access_log=None)
        await runner.setup()
        assert runner.server is not None
        assert runner.server.debug is shown
        await runner.cleanup()


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("Authorization: Bearer S3CR3T", "Bearer (hidden)"),
        ("authorization: Basic UzNDUjNU", "Basic (hidden)"),
        ('Authorization: Digest username="S3CR3T", nonce="S3CR3T"', "Digest (hidden)"),
        ("Authorization: S3CR3T", "(hidden)"),
        ("Authorization: S3CR3T=S3CR3T S3CR3T", "(hidden)"),
        ("Proxy-Authorization: Basic UzNDUjNU", "Basic (hidden)"),
        ("Cookie: session=S3CR3T; theme=S3CR3T", "session=(hidden); theme=(hidden)"),
        ("Cookie: S3CR3T", "(hidden)"),
        ('Cookie: a="S3CR3T;S3CR3T"; b=S3CR3T=S3CR3T', "a=(hidden); (hidden); b=(hidden)"),
        ("Set-Cookie: a=S3CR3T", "a=(hidden)"),
    ],
)
async def test_credentials_and_cookies_are_not_shown(ask: Any, field: str, shown: str) -> None:
    name = field.partition(":")[0]
    request = asking("/broken/").replace(b"X-Field: x", field.encode())
    page = (await ask(request)).body.decode()
    assert f"<td>{name}</td><td>{shown}</td>".lower() in page.lower()
    assert "S3CR3T" not in page
    assert "UzNDUjNU" not in page
