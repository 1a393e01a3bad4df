"""Resources and rules of one's own may wait, and have the request with its body."""

import asyncio

import pytest
from aiohttp import web, web_urldispatcher
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request


async def hello(request):
    name = request.match_info.get("name", "nobody")
    return web.Response(text=f"{name} {request.get('seen')}")


@web.middleware
async def seen(request, handler):
    request["seen"] = [app["name"] for app in request.match_info.apps]
    return await handler(request)


NAME = web.AppKey("name", str)


class Stored(web.AbstractResource):
    """As one that looks into a database."""

    def __init__(self, prefix, *known):
        super().__init__()
        self._prefix = prefix
        self._known = known
        self._route = web.ResourceRoute("GET", hello, self)
        self.asked = []

    @property
    def canonical(self):
        return self._prefix

    def add_prefix(self, prefix):
        self._prefix = prefix + self._prefix

    def url_for(self, **parts):
        raise NotImplementedError

    def get_info(self):
        return {}

    def raw_match(self, path):
        return False

    def __len__(self):
        return 1

    def __iter__(self):
        return iter([self._route])

    async def resolve(self, request):
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
        name = request.path.rpartition("/")[2]
        self.asked.append(name)
        if name == "broken":
            raise ValueError("the database is gone")
        if name == "refused":
            raise web.HTTPForbidden
        if name == "body":
            return web.UrlMappingMatchInfo({"name": await request.text()}, self._route), {"GET"}
        if name not in self._known:
            return None, set()
        if request.method != "GET":
            return None, {"GET"}
        return web.UrlMappingMatchInfo({"name": name}, self._route), {"GET"}


@pytest.fixture
def resources():
    return Stored("/x", "a"), Stored("/x", "b")


@pytest.fixture
def app(resources):
    app = web.Application(middlewares=[seen])
    app["name"] = "app"
    for each in resources:
        app.router.register_resource(each)
    app.router.add_get("/x/{name}", hello)
    return app


@pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
@pytest.mark.parametrize("is_below", [False, True])
@pytest.mark.parametrize("is_overridden", [False, True])
async def test_resources_that_wait(app, resources, is_below, is_overridden, monkeypatch):
    if is_overridden:
        # Every request goes through resolve() then.
        resolve = web.UrlDispatcher.resolve
        monkeypatch.setattr(web.UrlDispatcher, "resolve", lambda *given: resolve(*given))
    prefix, apps = "", "['app']"
    if is_below:
        prefix, apps = "/sub", "['outer', 'app']"
        outer = web.Application()
        outer["name"] = "outer"
        outer.add_subapp("/sub", app)
        app = outer
    async with TestClient(app) as client:
        for _ in range(2):
            for method, name, status, text in (
                ("GET", "a", 200, f"a {apps}"),
                ("GET", "b", 200, f"b {apps}"),
                ("GET", "c", 200, f"c {apps}"),
                ("POST", "body", 200, f"sent {apps}"),
                ("DELETE", "a", 405, None),
                ("GET", "broken", 500, None),
                ("GET", "refused", 403, None),
            ):
                data = b"sent" if method == "POST" else None
                path = f"{prefix}/x/{name}"
                async with client.request(
                    method, path, data=data, expect100=bool(data)
                ) as response:
                    assert response.status == status, name
                    if text is not None:
                        assert await response.text() == text
                    if status == 405:
                        assert response.headers["Allow"] == "GET,HEAD"
    first, second = resources
    if not is_overridden:
        assert first.asked == ["a", "b", "c", "body", "a", "broken", "refused"] * 2
        assert second.asked == ["b", "c", "a"] * 2


@pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
async def test_a_router_waits_for_them(app):
    match_info = await app.router.resolve(make_mocked_request("GET", "/x/b"))
    assert match_info == {"name": "b"}
    match_info.add_app(app)
    assert match_info.apps == (app,)
    match_info = await app.router.resolve(make_mocked_request("GET", "/y"))
    assert match_info.http_exception.status == 404


class Told(web_urldispatcher.AbstractRuleMatching):
    """A rule as one writes it for 3.14."""

    @property
    def canonical(self):
        return "told"

    def get_info(self):
        return {"rule": "told"}

    async def match(self, request):
        await asyncio.sleep(0)
        return request.headers.get("X-Told") == "yes"


class Own(web_urldispatcher.Domain):
    async def match(self, request):
        return await super().match(request) or request.headers.get("X-Told") == "yes"


@pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")
@pytest.mark.parametrize("rule", [Told(), Own("example.com")])
async def test_a_rule_that_waits(rule):
    sub = web.Application(middlewares=[seen])
    sub["name"] = "sub"
    sub.router.add_get("/{name}", hello)
    sub.router.register_resource(Stored("/x", "a"))
    app = web.Application()
    app["name"] = "app"
    resource = web_urldispatcher.MatchedSubAppResource(rule, sub)
    app.router.register_resource(resource)
    app.router.add_get("/{name}", hello)
    assert isinstance(resource, web_urldispatcher.PrefixedSubAppResource)
    async with TestClient(app) as client:
        for path, headers, text in (
            ("/a", {}, "a None"),
            ("/a", {"X-Told": "yes"}, "a ['app', 'sub']"),
            ("/x/a", {"X-Told": "yes"}, "a ['app', 'sub']"),
            ("/x/a", {}, None),
        ):
            async with client.get(path, headers=headers) as response:
                assert response.status == (404 if text is None else 200)
                if text is not None:
                    assert await response.text() == text


async def test_what_counts_as_a_rule():
    domain = web_urldispatcher.Domain("example.com")
    for host, is_its in (("example.com", True), ("example.org", False)):
        assert await domain.match(make_mocked_request("GET", "/", {"Host": host})) is is_its
    assert isinstance(domain, web_urldispatcher.AbstractRuleMatching)
    app, sub = web.Application(), web.Application()
    assert isinstance(app.add_domain("example.com", sub), web_urldispatcher.MatchedSubAppResource)
    assert not isinstance(app, web_urldispatcher.AbstractRuleMatching)
    assert not isinstance(domain, Told)


class Hiding(web_urldispatcher.DynamicResource):
    async def resolve(self, request):
        await asyncio.sleep(0)
        match_info, methods = await super().resolve(request)
        if match_info is not None and match_info["name"] == "hidden":
            return None, set()
        if match_info is not None:
            match_info["name"] += "!"
        return match_info, methods


class Lowered(web_urldispatcher.DynamicResource):
    def _match(self, path):
        found = super()._match(path)
        return None if found is None else {"name": found["name"].lower()}


class Guarded(web_urldispatcher.PlainResource):
    async def resolve(self, request):
        if "open" not in request.query:
            return None, {"PUT"}
        return await super().resolve(request)


class NoMatch(web_urldispatcher.PlainResource):
    def _match(self, path):
        return None


class Fallback(web_urldispatcher.StaticResource):
    async def resolve(self, request):
        match_info, methods = await super().resolve(request)
        if match_info is not None and not (self.directory / match_info["filename"]).is_file():
            match_info["filename"] = "index.html"
        return match_info, methods


class Closed(web_urldispatcher.PrefixedSubAppResource):
    async def resolve(self, request):
        if "open" not in request.query:
            return None, set()
        return await super().resolve(request)


def application(*resources, name="app"):
    app = web.Application(middlewares=[seen])
    app["name"] = name
    for each in resources:
        if isinstance(each, web_urldispatcher.Resource):
            each.add_route("GET", hello)
        app.router.register_resource(each)
    return app


async def said(client, method, path):
    async with client.request(method, path) as response:
        return response.status, await response.text()


async def test_a_subclass_of_a_resource_is_asked_by_its_own_resolve(tmp_path):
    (tmp_path / "index.html").write_text("index")
    (tmp_path / "a.js").write_text("a")
    app = application(
        Hiding("/hiding/{name}"),
        Lowered("/lowered/{name}"),
        Guarded("/guarded"),
        NoMatch("/never"),
        Fallback("/files", tmp_path),
    )
    # Behind the first one, for what it lets pass.
    app.router.add_put("/guarded", hello)
    async with TestClient(TestServer(app)) as client:
        assert await said(client, "GET", "/hiding/a") == (200, "a! ['app']")
        assert (await said(client, "GET", "/hiding/hidden"))[0] == 404
        assert (await said(client, "GET", "/hiding/a/b"))[0] == 404
        assert (await said(client, "POST", "/hiding/a"))[0] == 405
        assert await said(client, "GET", "/lowered/A%20B") == (200, "a b ['app']")
        assert (await said(client, "POST", "/lowered/A"))[0] == 405
        assert await said(client, "GET", "/guarded?open") == (200, "nobody ['app']")
        assert (await said(client, "GET", "/guarded"))[0] == 405
        assert await said(client, "PUT", "/guarded") == (200, "nobody ['app']")
        assert (await said(client, "GET", "/never"))[0] == 404
        assert await said(client, "GET", "/files/a.js") == (200, "a")
        assert await said(client, "GET", "/files/no/such") == (200, "index")


async def test_a_subclass_of_a_sub_applications_resource_is_asked_by_its_own_resolve():
    sub = application(Hiding("/hiding/{name}"), name="sub")
    sub.router.add_get("/plain", hello)
    app = application(Closed("/sub", sub))
    async with TestClient(TestServer(app)) as client:
        for path in ("/sub/plain", "/sub/hiding/a"):
            assert (await said(client, "GET", path))[0] == 404
        assert await said(client, "GET", "/sub/plain?open") == (200, "nobody ['app', 'sub']")
        assert await said(client, "GET", "/sub/hiding/a?open") == (200, "a! ['app', 'sub']")
        assert (await said(client, "GET", "/sub/hiding/hidden?open"))[0] == 404
        assert (await said(client, "GET", "/sub/none?open"))[0] == 404
