"""The examples of the guide of the client do what the guide says."""

import importlib.util
import itertools
import re

import aiolos
import pytest
import trustme
from aiolos import web
from aiolos_testing import TestServer

BOOKS = [{"id": 1, "title": "Rain"}, {"id": 2, "title": "Wind"}]


class Shop:
    """What the guide's client asks."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.refusals = 2

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.watch])
        for method, path in (
            ("GET", "/books"), ("POST", "/books"), ("GET", "/books/{id}"),
            ("POST", "/books/{id}/cover"), ("PUT", "/books/{id}/text"), ("GET", "/books/{id}/text"),
            ("GET", "/books/{id}/price"), ("PUT", "/orders/{id}"), ("GET", "/account"),
            ("GET", "/news"), ("GET", "/visits"),
        ):  # fmt: skip
            name = f"{method.lower()}_{path.rpartition('/')[2].strip('{}')}"
            app.router.add_route(method, f"/shop{path}", getattr(self, name))
        return app

    @web.middleware
    async def watch(self, request, handler):
        self.seen.append(f"{request.method} {request.path_qs}")
        return await handler(request)

    async def get_books(self, request):
        assert request.headers.get("Accept-Language", "en") == "en"
        return web.json_response(BOOKS)

    async def post_books(self, request):
        return web.json_response({"id": 3, **await request.json()})

    async def get_id(self, request):
        return web.json_response(BOOKS[int(request.match_info["id"]) - 1])

    async def post_cover(self, request):
        form = await request.post()
        assert form["caption"] == "The cover of Sun"
        assert (form["picture"].filename, form["picture"].file.read()) == ("sun.png", b"png")
        return web.Response()

    async def put_text(self, request):
        assert request.headers["Content-Type"] == "text/plain; charset=utf-8"
        return web.Response(text=await request.text())

    async def get_text(self, request):
        return web.Response(text="one\ntwo\nthree\n")

    async def get_price(self, request):
        if request.match_info["id"] == "7":
            raise web.HTTPNotFound(text="none")
        return web.Response(text="12.50")

    async def put_orders(self, request):
        raise AssertionError

    async def put_id(self, request):
        if self.refusals:
            self.refusals -= 1
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "0"})
        return web.Response(text=f"ordered {(await request.json())['copies']}")

    async def get_account(self, request):
        if request.headers["Authorization"] != "Bearer new":
            raise web.HTTPUnauthorized
        return web.Response(text="yours")

    async def get_news(self, request):
        text = "event: book\ndata: Rain\n\nevent: sale\ndata: all\ndata: of it\n\n"
        return web.Response(text=text, content_type="text/event-stream")

    async def get_visits(self, request):
        visits = int(request.cookies.get("visits", "0")) + 1
        response = web.Response(text=str(visits))
        response.set_cookie("visits", str(visits), max_age=60)
        return response


@pytest.fixture(scope="module")
def books(root):
    path = root / "docs" / "examples" / "client" / "books.py"
    spec = importlib.util.spec_from_file_location("books_of_the_guide", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def shop():
    shop = Shop()
    async with TestServer(shop.app()) as server:
        shop.url = str(server.make_url("/shop/"))
        yield shop


@pytest.fixture
async def session(shop):
    async with aiolos.ClientSession(shop.url) as session:
        yield session


async def test_session(books, shop):
    assert await books.titles(shop.url) == ["Rain", "Wind"]
    assert shop.seen == ["GET /shop/books?sort=title&page=1"]


async def test_bodies(books, session, tmp_path):
    cover = tmp_path / "sun.png"
    cover.write_bytes(b"png")
    assert await books.publish(session, "Sun", cover) == "Chapter 0\nChapter 1\nChapter 2\n"


async def test_pieces(books, session):
    assert await books.count_lines(session, 1) == 3


async def test_errors(books, session, aiolos_unused_port):
    assert await books.price(session, 1) == "12.50"
    assert await books.price(session, 7) == "there is no price, because of 404 Not Found"
    async with aiolos.ClientSession(f"http://127.0.0.1:{aiolos_unused_port()}/") as nowhere:
        assert (await books.price(nowhere, 1)).startswith("try again later: Cannot connect to")


async def test_retry(books, shop, session):
    assert await books.order(session, 5) == "ordered 1"
    assert shop.seen == ["PUT /shop/orders/5"] * 3


async def test_middleware(books, shop, session):
    assert await books.account(session) == "yours"
    assert len(shop.seen) == 2


async def test_many(books, session):
    assert await books.all_titles(session, [2, 1, 2]) == ["Wind", "Rain", "Wind"]


async def test_download(books, session, tmp_path, capsys):
    assert await books.fetch_text(session, 1, tmp_path) == "book.txt: 14 bytes"
    assert (tmp_path / "book.txt").read_text() == "one\ntwo\nthree\n"
    assert "14 of 14 bytes" in capsys.readouterr().out


async def test_events(books, session):
    assert await books.first_news(session, 2) == ["book: Rain", "sale: all\nof it"]


async def test_cookies(books, shop, tmp_path):
    path = tmp_path / "cookies.json"
    assert [await books.stay_known(shop.url, path) for _ in range(3)] == ["1", "2", "3"]


async def test_tracing(books, shop):
    assert await books.slow_requests(shop.url, 0) == ["GET /shop/books"]
    assert await books.slow_requests(shop.url, 1000) == []


async def test_connector(books, shop, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "authorities.pem")
    async with books.careful_session(shop.url, tmp_path / "authorities.pem") as session:
        assert session.connector.limit_per_host == 10
        async with session.get("books") as response:
            assert response.status == 200


def test_the_page_shows_all_of_it(root):
    page = (root / "docs" / "client.md").read_text()
    code = (root / "docs" / "examples" / "client" / "books.py").read_text()
    marks = re.findall(r"^# (\[\w+\])$", code, re.MULTILINE)
    shown = re.findall(r':start-after: "# (\[\w+\])"\n:end-before: "# (\[\w+\])"', page)
    assert shown == list(itertools.pairwise(marks))
