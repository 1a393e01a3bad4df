"""aiohttp-jinja2: pages from templates (rows TPL-01 and TPL-02)."""

import aiohttp_jinja2
import jinja2
from aiohttp import web

PAGES = jinja2.DictLoader(
    {
        "index.html": "<p>Hello, {{ name }}!</p>",
        "shout.html": "{{ name|uppercase }}",
        "links.html": "{{ url('user', name='ann') }} {{ static('app.css') }} {{ request.path }}",
    }
)


async def test_tpl_01_a_template_of_a_handlers_dictionary(aiohttp_client):
    @aiohttp_jinja2.template("index.html")
    async def index(request):
        return {"name": request.query["name"]}

    class Page(web.View):
        @aiohttp_jinja2.template("index.html", status=201)
        async def get(self):
            return {"name": "view"}

    app = web.Application()
    aiohttp_jinja2.setup(app, loader=PAGES)
    app.router.add_get("/", index)
    app.router.add_view("/view", Page)
    client = await aiohttp_client(app)
    async with client.get("/", params={"name": "<you>"}) as response:
        assert response.content_type == "text/html"
        assert await response.text() == "<p>Hello, &lt;you&gt;!</p>"
    async with client.get("/view") as response:
        assert (response.status, await response.text()) == (201, "<p>Hello, view!</p>")


async def test_tpl_02_a_filter_of_ones_own(aiohttp_client):
    async def shout(request):
        return aiohttp_jinja2.render_template("shout.html", request, {"name": "hello"})

    app = web.Application()
    aiohttp_jinja2.setup(app, loader=PAGES, filters={"uppercase": str.upper})
    app.router.add_get("/", shout)
    client = await aiohttp_client(app)
    async with client.get("/") as response:
        assert await response.text() == "HELLO"


async def test_links_and_what_every_page_knows(aiohttp_client):
    @aiohttp_jinja2.template("links.html")
    async def links(request):
        return {}

    app = web.Application()
    aiohttp_jinja2.setup(
        app, loader=PAGES, context_processors=[aiohttp_jinja2.request_processor], enable_async=True
    )
    app[aiohttp_jinja2.static_root_key] = "/static"
    app.router.add_get("/links", links)
    app.router.add_get("/users/{name}", links, name="user")
    client = await aiohttp_client(app)
    async with client.get("/links") as response:
        assert await response.text() == "/users/ann /static/app.css /links"


async def test_a_template_that_is_missing_is_an_error_that_names_it(aiohttp_client):
    @aiohttp_jinja2.template("none.html")
    async def missing(request):
        return {}

    app = web.Application()
    aiohttp_jinja2.setup(app, loader=PAGES)
    app.router.add_get("/", missing)
    client = await aiohttp_client(app)
    async with client.get("/") as response:
        assert (response.status, response.reason) == (500, "Template 'none.html' not found")
