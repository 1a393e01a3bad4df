"""Pages from Jinja templates (rows TPL-03 and TPL-04)."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import jinja2
import pytest
from aiolos_server import web
from aiolos_server.contrib import jinja2 as aiohttp_jinja2

Serve = Callable[..., Any]
PAGES = jinja2.DictLoader(
    {
        "index.html": "<p>Hello, {{ name }}!</p>",
        "shout.html": "{{ name|uppercase }} {{ 2 is even }} {{ answer() }} {{ name|plain }}",
        "links.html": "{{ url('user', name='a b', query_={'q': '1'}) }} {{ static('/app.css') }}",
        "who.html": "{{ request.path }} {{ name }}",
        "bad.html": "{{ url('user', name=true) }}",
    }
)


def get(path: str = "/") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def serving(handler: Any, **options: Any) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/", handler)
    app.router.add_get("/users/{name}", handler, name="user")
    aiohttp_jinja2.setup(app, **options)
    return app


@pytest.mark.parametrize("enable_async", [True, False])
async def test_tpl_03_an_environment_made_beforehand(serve: Serve, enable_async: bool) -> None:
    env = aiohttp_jinja2.Environment(loader=PAGES, autoescape=True, enable_async=enable_async)
    assert isinstance(env, jinja2.Environment)

    @aiohttp_jinja2.template("index.html", status=201)
    async def index(request: web.Request) -> Any:
        return {"name": "<you>"}

    app = serving(index, environment=env)
    assert aiohttp_jinja2.get_env(app) is env
    answer = await serve(app=app).ask(get())
    assert (answer.status, answer.body) == (201, b"<p>Hello, &lt;you&gt;!</p>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_tpl_04_functions_are_added_by_decorators(serve: Serve) -> None:
    env = aiohttp_jinja2.Environment(loader=PAGES, autoescape=True, enable_async=True)

    @env.template_filter("uppercase")
    def shout(text: str) -> str:
        return text.upper()

    @env.template_filter()
    def plain(text: str) -> str:
        return text

    @env.template_test("even")
    def is_even(number: int) -> bool:
        return number % 2 == 0

    @env.template_global()
    def answer() -> int:
        return 42

    @aiohttp_jinja2.template("shout.html")
    async def index(request: web.Request) -> Any:
        return {"name": "you"}

    page = await serve(app=serving(index, environment=env)).ask(get())
    assert page.body == b"YOU True 42 you"
    assert shout("a") == "A"
    with pytest.raises(TypeError, match=r"decorator of .*shout wants parentheses"):
        env.template_filter(shout)  # type: ignore[arg-type]


async def test_every_kind_of_handler(serve: Serve) -> None:
    class View(web.View):
        @aiohttp_jinja2.template("index.html")
        async def get(self) -> Any:
            return {"name": "view"}

    class Pages:
        @aiohttp_jinja2.template("index.html")
        async def page(self, request: web.Request) -> Any:
            return {"name": "method"}

    @aiohttp_jinja2.template("index.html", encoding="latin-1")
    def plain(request: web.Request, match_info: Any) -> Any:
        return {"name": "é"}

    @aiohttp_jinja2.template("index.html")
    async def nothing(request: web.Request) -> None:
        pass

    @aiohttp_jinja2.template("index.html")
    async def response(request: web.Request) -> Any:
        return web.Response(text="as it is")

    for handler, body in (
        (View, b"<p>Hello, view!</p>"),
        (Pages().page, b"<p>Hello, method!</p>"),
        (plain, "<p>Hello, é!</p>".encode("latin-1")),
        (nothing, b"<p>Hello, !</p>"),
        (response, b"as it is"),
    ):
        answer = await serve(app=serving(handler, loader=PAGES)).ask(get())
        assert answer.body == body


async def test_links_and_what_every_page_has(serve: Serve) -> None:
    @aiohttp_jinja2.template("links.html")
    async def links(request: web.Request) -> Any:
        return {}

    @aiohttp_jinja2.template("who.html")
    async def who(request: web.Request) -> Any:
        return {"name": "mine"}

    async def names(request: web.Request) -> Any:
        return {"name": "theirs"}

    app = serving(links, loader=PAGES)
    app[aiohttp_jinja2.static_root_key] = "/static/"
    assert (await serve(app=app).ask(get())).body == b"/users/a%20b?q=1 /static/app.css"
    inner = web.Application()
    inner.router.add_get("/who", who)
    outer = web.Application()
    processors = [aiohttp_jinja2.request_processor, names]
    aiohttp_jinja2.setup(outer, loader=PAGES, context_processors=processors)
    outer.add_subapp("/in", inner)
    assert (await serve(app=outer).ask(get("/in/who"))).body == b"/in/who mine"


@pytest.mark.parametrize("enable_async", [True, False])
async def test_rendering_by_hand(serve: Serve, enable_async: bool) -> None:
    async def index(request: web.Request) -> web.Response:
        arguments: Any = ("index.html", request, {"name": "you"})
        if not enable_async:
            text = aiohttp_jinja2.render_string(*arguments)
            assert aiohttp_jinja2.render_template(*arguments).text == text
        else:
            with pytest.raises(RuntimeError, match="await render_string_async"):
                aiohttp_jinja2.render_template(*arguments)
        return await aiohttp_jinja2.render_template_async(*arguments, status=202)

    app = serving(index, loader=PAGES, enable_async=enable_async)
    answer = await serve(app=app).ask(get())
    assert (answer.status, answer.body) == (202, b"<p>Hello, you!</p>")


@pytest.mark.parametrize(
    ("name", "context", "logged"),
    [
        ("none.html", {}, "TemplateNotFound: none.html"),
        ("index.html", ["a"], "TypeError: a template's context is a mapping, not ['a']"),
        ("bad.html", {}, "TypeError: url(): name is a str or an int, not True"),
        ("links.html", {}, "RuntimeError: static() wants app[static_root_key]"),
    ],
)
async def test_what_goes_wrong_is_logged_and_not_told(
    serve: Serve, caplog: pytest.LogCaptureFixture, name: str, context: Any, logged: str
) -> None:
    @aiohttp_jinja2.template(name)
    async def index(request: web.Request) -> Any:
        return context

    answer = await serve(app=serving(index, loader=PAGES)).ask(get())
    assert answer.status == 500
    assert b"html" not in answer.body
    assert logged in caplog.text


def test_setup_is_called_once_and_in_one_way() -> None:
    with pytest.raises(RuntimeError, match=r"call setup\(app, loader=...\) first"):
        aiohttp_jinja2.get_env(web.Application())
    env = aiohttp_jinja2.Environment(loader=PAGES)
    with pytest.raises(TypeError, match="not both"):
        aiohttp_jinja2.setup(web.Application(), environment=env, loader=PAGES)


def test_without_jinja2_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['jinja2'] = None; import aiolos_server.contrib.jinja2"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "ImportError: templates need the distribution 'jinja2', which is not installed; "
        "run: pip install jinja2"
    )
