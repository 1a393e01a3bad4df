"""Paths with variables: regular expressions, types, defaults; both ways."""

import enum
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web
from aiolos_server.routing.converters import CONVERTERS
from aiolos_server.routing.pattern import Head, PathPattern
from hypothesis import given, settings
from hypothesis import strategies as st

Found = Callable[..., web.UrlMappingMatchInfo]
Serve = Callable[..., Any]
UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")


async def handler(request: web.Request) -> web.Response:
    return web.Response()


def target(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def routed(path: str) -> tuple[web.UrlDispatcher, web.AbstractRoute]:
    router = web.UrlDispatcher()
    return router, router.add_get(path, handler)


def test_rte_02_root_and_variable_with_one_handler(found: Found) -> None:
    router = web.UrlDispatcher()
    root = router.add_get("/", handler)
    named = router.add_get("/{name}", handler)
    assert found(router, "/").route is root
    assert found(router, "/").get("name", "World") == "World"
    match = found(router, "/you")
    assert match.route is named
    assert match.get("name", "World") == "you"


def test_rte_03_variables_in_segments(found: Found) -> None:
    router = web.UrlDispatcher()
    router.add_get("/users/{user_id}", handler)
    router.add_post("/users/{user_id}/posts", handler)
    assert found(router, "/users/42") == {"user_id": "42"}
    assert found(router, "/users/42/posts", "POST") == {"user_id": "42"}


def test_rte_04_regular_expressions(found: Found) -> None:
    router, route = routed(r"/files/{filename:[a-zA-Z0-9_\.]+}")
    assert found(router, "/files/a_b.TXT") == {"filename": "a_b.TXT"}
    assert found(router, "/files/a-b").http_exception.status == 404
    assert found(router, "/files/").http_exception.status == 404
    assert str(route.url_for(filename="x.y")) == "/files/x.y"


@pytest.mark.parametrize(
    ("path", "asked", "values"),
    [
        (r"/{a:\d{2}}", "/12", {"a": "12"}),
        (r"/{a:\d{2}}", "/123", None),
        (r"/{a:\d*}", "/", {"a": ""}),
        (r"/{a:x|y}", "/y", {"a": "y"}),
        (r"/{a:x|y}/z", "/x/z", {"a": "x"}),
        (r"/{a:.*}", "/p/q/", {"a": "p/q/"}),
        (r"/{a:.*}/end", "/p/q/end", {"a": "p/q"}),
        (r"/{a:[^/]+}/{b:[^/]*}", "/p/", {"a": "p", "b": ""}),
        (r"/{a}-{b}", "/x-y-z", {"a": "x-y", "b": "z"}),
        (r"/{a}-{b}", "/-y", None),
        (r"/{a}-{b}", "/x-", None),
        (r"/x-{a}", "/x-", None),
        (r"/x{a}x", "/xx", None),
        (r"/x{a}x", "/x", None),
        (r"/x{a:[ab]*}x", "/xx", {"a": ""}),
        (r"/{a}.{b:json|xml}", "/x.y.xml", {"a": "x.y", "b": "xml"}),
        (r"/v{a:\d+}/{b}", "/v2/x", {"a": "2", "b": "x"}),
        (r"/v{a:\d+}/{b}", "/w2/x", None),
        (r"/{a:(?P<inner>\d)\d}", "/12", {"a": "12", "inner": "1"}),
        (r"/{a:(?P<d>\d)(?P=d)}", "/11", {"a": "11", "d": "1"}),
        (r"/{a:(?P<d>\d)(?P=d)}", "/12", None),
        (r"/{a:(?i:abc)}", "/ABC", {"a": "ABC"}),
        ("/{a:[\u0430-\u044f ]+}", "/%D0%B0%20%D0%B1", {"a": "\u0430 \u0431"}),
        (r"/{a:x=1}", "/x=1", {"a": "x=1"}),
        (r"/{a:(?:int)}", "/int", {"a": "int"}),
        (r"/{a:(?:int)}", "/7", None),
        (r"/x{a:.*}", "/x/y", {"a": "/y"}),
    ],
)
def test_what_matches(path: str, asked: str, values: dict[str, str] | None, found: Found) -> None:
    router, _ = routed(path)
    match = found(router, asked)
    assert match.http_exception is None if values is not None else match.http_exception
    assert match == (values or {})


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "42", 42),
        ("int", "-7", -7),
        ("int", "007", 7),
        ("float", "1.5", 1.5),
        ("float", "-2", -2.0),
        ("float", "1e-07", 1e-07),
        ("float", ".5", 0.5),
        ("str", "caf%C3%A9", "caf\u00e9"),
        ("path", "a/b%2Fc", "a/b/c"),
        ("path", "a//", "a//"),
        ("uuid", str(UUID).upper(), UUID),
        ("bool", "true", True),
        ("bool", "False", False),
        ("bool", "1", True),
        ("bool", "0", False),
    ],
)
def test_rte_05_typed_parts(kind: str, text: str, value: Any, found: Found) -> None:
    # Alone, behind text in its segment, and with more behind it.
    for path, asked in (
        (f"/t/{{x:{kind}}}", f"/t/{text}"),
        (f"/t/a-{{x:{kind}}}", f"/t/a-{text}"),
        (f"/t/{{x:{kind}}}/more", f"/t/{text}/more"),
    ):
        match = found(routed(path)[0], asked)
        assert match.http_exception is None, path
        assert match["x"] == value
        assert type(match["x"]) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "1.5"),
        ("int", "x"),
        ("int", "+1"),
        ("int", "1_000"),
        ("int", "%D9%A3"),
        ("int", "--1"),
        ("int", ""),
        ("int", "9" * 5000),
        ("float", "inf"),
        ("float", "nan"),
        ("float", "1e999"),
        ("float", "."),
        ("float", "1,5"),
        ("str", ""),
        ("path", ""),
        ("uuid", "12345678"),
        ("uuid", "{12345678-1234-5678-1234-567812345678}"),
        ("bool", "yes"),
        ("bool", "2"),
    ],
)
def test_rte_06_what_does_not_convert_is_no_match(kind: str, text: str, found: Found) -> None:
    for path, asked in (
        (f"/t/{{x:{kind}}}", f"/t/{text}"),
        (f"/t/a-{{x:{kind}}}", f"/t/a-{text}"),
    ):
        assert isinstance(found(routed(path)[0], asked).http_exception, web.HTTPNotFound)


def test_rte_06_what_is_no_int_falls_through(found: Found) -> None:
    router = web.UrlDispatcher()
    by_id = router.add_get("/users/{user_id:int}", handler)
    by_name = router.add_get("/users/{name}", handler)
    assert found(router, "/users/42").route is by_id
    assert found(router, "/users/-1") == {"user_id": -1}
    assert found(router, "/users/anna").route is by_name
    assert found(router, "/users/1.5") == {"name": "1.5"}


@pytest.mark.parametrize(
    ("path", "asked", "values"),
    [
        ("/users/{user_id:int=1}", "/users", {"user_id": 1}),
        ("/users/{user_id:int=1}", "/users/", {"user_id": 1}),
        ("/users/{user_id:int=1}", "/users/7", {"user_id": 7}),
        ("/users/{user_id:int=1}", "/users/x", None),
        ("/users/{user_id:int=1}", "/users//", None),
        ("/users/{name=World}", "/users", {"name": "World"}),
        ("/users/{name=}", "/users/", {"name": ""}),
        ("/{page:int=-1}", "/", {"page": -1}),
        ("/{page:int=-1}", "/5", {"page": 5}),
        ("/{lang}/{page:int=1}", "/en", {"lang": "en", "page": 1}),
        ("/{lang}/{page:int=1}", "/en/2", {"lang": "en", "page": 2}),
        ("/{lang}/{page:int=1}", "/", None),
        ("/{lang:int}/{page:int=1}", "//", None),
        ("/{a}-{b}/{page:int=1}", "/x-y", {"a": "x", "b": "y", "page": 1}),
        ("/{a}-{b}/{page:int=1}", "/x-y/", {"a": "x", "b": "y", "page": 1}),
        ("/{a}-{b}/{page:int=1}", "/x-y/3", {"a": "x", "b": "y", "page": 3}),
        ("/files/{p:path=index.html}", "/files", {"p": "index.html"}),
        ("/files/{p:path=index.html}", "/files/", {"p": "index.html"}),
        ("/files/{p:path=index.html}", "/files/a/b", {"p": "a/b"}),
    ],
)
def test_rte_07_defaults(
    path: str, asked: str, values: dict[str, Any] | None, found: Found
) -> None:
    match = found(routed(path)[0], asked)
    if values is None:
        assert isinstance(match.http_exception, web.HTTPNotFound)
    else:
        assert match.http_exception is None
        assert match == values


@pytest.mark.parametrize("path", ["/{a=1}/b", "/x-{a=1}", "/{a=1}{b}", "/{a:int=x}", "/{a:int=}"])
def test_rte_07_a_default_stands_in_the_last_segment_and_converts(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        routed(path)


def test_rte_07_the_first_registered_answers_what_both_match(found: Found) -> None:
    for paths in (("/u", "/u/{x=1}"), ("/u/{x=1}", "/u")):
        router = web.UrlDispatcher()
        first = router.add_get(paths[0], handler)
        router.add_get(paths[1], handler)
        assert found(router, "/u").route is first


def test_rte_07_reverse() -> None:
    _, route = routed("/users/{user_id:int=1}")
    assert str(route.url_for()) == "/users"
    assert str(route.url_for(user_id=2)) == "/users/2"
    assert str(routed("/{page=x}")[1].url_for()) == "/"


FIXED = ["-", ".", "", "--", "x", "-x", "/"]


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(["{}", "{}", "{:str}", "{:int}", "{:path}", "{:a|xa}"]), max_size=4),
    st.lists(st.sampled_from(FIXED), min_size=5, max_size=5),
    st.lists(st.sampled_from([*FIXED, "a", "1", "12"]), max_size=9),
)
def test_what_is_read_piece_by_piece_is_what_the_regular_expression_finds(
    variables: list[str], fixed: list[str], text: list[str]
) -> None:
    path = "/" + fixed[0]
    for number, (variable, separator) in enumerate(zip(variables, fixed[1:], strict=False)):
        path += variable.replace("{", f"{{v{number}") + separator
    pattern = PathPattern(path, CONVERTERS)
    asked = "/" + "".join(text)
    segments = asked.split("/")
    # The tree would not offer it for a path of other segments.
    offered = any(fits(way, whole, segments) for way, whole in pattern.ways())
    found = pattern.match(asked, segments) if offered else None
    match = pattern.regex.fullmatch(asked)
    if match is None:
        assert found is None
    else:
        assert found is not None
        assert {name: str(value) for name, value in found.items()} == match.groupdict()


def fits(way: list[str], whole: bool, segments: list[str]) -> bool:
    """Whether a path of these segments hangs below the way in a tree."""
    if len(segments) < len(way) or (whole and len(segments) != len(way)):
        return False
    return all(
        segment.startswith(key) and segment.endswith(key.end) and len(segment) >= len(key + key.end)
        if isinstance(key, Head)
        else segment == key
        for key, segment in zip(way, segments, strict=False)
    )


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/{a}-{b}-{c}.html", "/" + "-" * 8000),
        ("/{a}{b}{c}{d}.html", "/" + "-" * 8000),
        ("/{a}-{b}-{c:int}.html", "/" + "-" * 8000),
        ("/{a:int}{b:int}{c:int}x", "/" + "1" * 8000),
        ("/{a:path}/x/{b:path}/x/{c:path}/y", "/x" * 4000),
        ("/{a:path}{b:path}{c:path}.html", "/x" * 4000),
        ("/{a:float}{b:float}x", "/" + "1" * 8000),
    ],
)
def test_no_path_costs_more_than_it_is_long(path: str, asked: str, found: Found) -> None:
    # With a regular expression each takes minutes, or for ever: that it ends is the test.
    assert found(routed(path)[0], asked).http_exception.status == 404


def test_several_variables_of_which_one_is_typed_have_a_bound(found: Found) -> None:
    router, _ = routed("/{a}-{b:int}")
    assert found(router, "/" + "x" * 253 + "-1") == {"a": "x" * 253, "b": 1}
    assert found(router, "/" + "x" * 254 + "-1").http_exception.status == 404
    router, _ = routed("/{a}-{b}")
    assert found(router, "/" + "x" * 7000 + "-1") == {"a": "x" * 7000, "b": "1"}


class Colour(str, enum.Enum):  # noqa: UP042  # as users write it
    RED = "red light"


@pytest.mark.parametrize(
    ("path", "value", "url"),
    [
        ("/{x:int}", 7, "/7"),
        ("/{x:int}", "7", "/7"),
        ("/{x:float}", 1.5, "/1.5"),
        ("/{x:float}", 2, "/2"),
        ("/{x:float}", True, "/1"),
        ("/{x:uuid}", UUID, f"/{UUID}"),
        ("/{x:uuid}", str(UUID), f"/{UUID}"),
        ("/{x:bool}", True, "/true"),
        ("/{x:bool}", 0, "/false"),
        ("/{x:bool}", "TRUE", "/true"),
        ("/{x:str}", "a b/c", "/a%20b%2Fc"),
        ("/{x:path}", "a b/c", "/a%20b/c"),
        ("/{x:.*}", "a b/c?", "/a%20b/c%3F"),
        ("/{x}", Colour.RED, "/red%20light"),
        ("/{x:str}", Colour.RED, "/red%20light"),
        ("/{x}", UUID, f"/{UUID}"),
    ],
)
def test_rte_12_reverse_urls_of_typed_routes(path: str, value: Any, url: str) -> None:
    assert str(routed(path)[1].url_for(x=value)) == url


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/{x:int}", "seven"),
        ("/{x:int}", 7.5),
        ("/{x:int}", None),
        ("/{x:float}", float("inf")),
        ("/{x:float}", "x"),
        ("/{x:uuid}", "x"),
        ("/{x:uuid}", None),
        ("/{x:bool}", "x"),
        ("/{x:bool}", 2),
        ("/{x:str}", ""),
        ("/{x:path}", ""),
        ("/{x}", None),
    ],
)
def test_rte_12_a_value_that_is_refused(path: str, value: Any) -> None:
    with pytest.raises(ValueError, match="x="):
        routed(path)[1].url_for(x=value)


@given(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.uuids(), st.booleans())
def test_rte_12_values_survive_both_ways(number: int, real: float, key: Any, truth: bool) -> None:
    router, route = routed("/{a:int}/{b:float}/{c:uuid}/{d:bool}")
    values = {"a": number, "b": real, "c": key, "d": truth}
    url = route.url_for(**values)
    assert resolved(router, str(url)) == values


@given(
    st.text(min_size=1).filter(lambda text: text.isprintable()),
    st.text(min_size=1).filter(lambda text: text.isprintable()),
)
def test_text_survives_both_ways(segment: str, path: str) -> None:
    router, route = routed("/{a}/x/{b:path}")
    values = {"a": segment, "b": path}
    assert resolved(router, str(route.url_for(**values))) == values


def resolved(router: web.UrlDispatcher, path: str) -> Any:
    from aiolos_protocol.message import RequestHead

    match = router.find(RequestHead("GET", path))
    assert match.http_exception is None
    return match


async def test_rte_19_typed_part_and_two_arguments(serve: Serve) -> None:
    async def user(request: web.Request, match_info: Any) -> web.Response:
        assert type(match_info["user_id"]) is int
        return web.Response(text=f"user {match_info['user_id'] + 1}")

    app = web.Application()
    app.router.add_get("/users/{user_id:int}", user)
    peer = serve(app=app)
    assert (await peer.ask(target("/users/41"))).body == b"user 42"
    assert (await peer.ask(target("/users/x"))).status == 404


class Slug:
    """A converter of the user's own."""

    regex = "[a-z]+(?:-[a-z]+)*"

    def from_text(self, text: str) -> list[str]:
        words = text.split("-")
        if "forbidden" in words:
            raise ValueError(text)
        return words

    def to_text(self, value: list[str]) -> str:
        return "-".join(value)


def test_a_converter_of_ones_own(found: Found) -> None:
    router = web.UrlDispatcher()
    router.add_converter("slug", Slug())
    route = router.add_get("/p/{title:slug}", handler)
    assert found(router, "/p/two-words") == {"title": ["two", "words"]}
    assert found(router, "/p/two-forbidden").http_exception.status == 404
    assert found(router, "/p/Two").http_exception.status == 404
    assert str(route.url_for(title=["a", "b"])) == "/p/a-b"
    assert "slug" in router.converters
    with pytest.raises(ValueError, match="slug"):
        router.add_converter("slug", Slug())
    with pytest.raises(ValueError, match="identifier"):
        router.add_converter("two words", Slug())
    assert "slug" not in web.UrlDispatcher().converters


async def test_a_converter_that_fails_is_a_500_and_logged(serve: Serve, caplog: Any) -> None:
    class Broken(Slug):
        def from_text(self, text: str) -> list[str]:
            raise KeyError("no such slug")

    seen: list[int] = []

    @web.middleware
    async def note(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        seen.append(request.match_info.route.status)
        return await handler(request)

    app = web.Application(middlewares=[note])
    app.router.add_converter("slug", Broken())
    app.router.add_get("/p/{title:slug}", handler)
    answer = await serve(app=app).ask(target("/p/a-b"))
    assert answer.status == 500
    assert "no such slug" in caplog.text
    assert seen == [500]


def test_what_a_resource_says_of_itself() -> None:
    router = web.UrlDispatcher()
    plain = router.add_get("/a b", handler)
    assert plain.get_info() == {"path": "/a%20b"}
    dynamic = router.add_get("/x/{y:int}", handler)
    info = dynamic.get_info()
    assert info["formatter"] == "/x/{y}"
    assert info["pattern"].fullmatch("/x/7")
    assert dynamic.resource.canonical == "/x/{y}"
