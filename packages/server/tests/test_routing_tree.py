"""The tree: what it finds is what asking every resource in turn would find, at no growing cost."""

import re
from typing import Any

import pytest
from aiolos_protocol.message import RequestHead
from aiolos_server import web
from aiolos_server.routing.tree import PathTree
from hypothesis import given, settings
from hypothesis import strategies as st


async def handler(request: web.Request) -> web.Response:
    return web.Response()


PIECES = [
    "a", "b", "{x}", "{x:int}", "{x:[ab]+}", "a-{x}", "{x}.b", "{x:.*}", "{x=1}", "", "{x}-1",
    "{x:ab?}", r"{x:a-\d}", "{x:a|b}", "{x:(a|c)b}", r"{x:c\.b}", "a{x:b*}", "{x:a*}b", "a{x}b",
    "a{x:.*}", "{x:a-}{x_:.*}", "{x:int}{x_:-1}",
]  # fmt: skip


@st.composite
def paths(draw: Any) -> str:
    """A path of up to three pieces, the variables numbered."""
    pieces = draw(st.lists(st.sampled_from(PIECES), max_size=3))
    # Defaults stand at the end, and two slashes in a row are nobody's path.
    pieces = [
        "b" if ("=" in piece or not piece) and number < len(pieces) - 1 else piece
        for number, piece in enumerate(pieces)
    ]
    numbered = [piece.replace("{x", f"{{x{number}") for number, piece in enumerate(pieces)]
    return "/" + "/".join(numbered)


ASKED = ["a", "b", "ab", "1", "a-1", "c.b", "", "aab", "1-1", "a-", "-1"]
TARGETS = st.lists(st.sampled_from(ASKED), max_size=4).map(lambda pieces: "/" + "/".join(pieces))


def expected(registered: list[str], routes: list[Any], asked: str) -> Any:
    """The route for `asked`, by asking all: longest literal prefix first, then in order."""
    best: tuple[int, int] | None = None
    winner = None
    for order, (path, route) in enumerate(zip(registered, routes, strict=True)):
        info = route.get_info()
        if "pattern" in info:
            if not re.fullmatch(info["pattern"], asked):
                continue
            literals = path.partition("{")[0].count("/")
        elif path == asked:
            # A slash at the end makes it no better than what varies behind it.
            literals = path.removesuffix("/").count("/") + 1
        else:
            continue
        rank = literals, -order
        if best is None or rank > best:
            best, winner = rank, route
    return winner


@settings(max_examples=100)
@given(st.lists(paths(), min_size=1, max_size=7), st.lists(TARGETS, min_size=1, max_size=5))
def test_the_tree_finds_what_asking_all_would_find(
    registered: list[str], targets: list[str]
) -> None:
    router = web.UrlDispatcher()
    routes = []
    for number, path in enumerate(registered):
        # A name of its own keeps a resource from being used again.
        routes.append(router.add_get(path, handler, name=f"n{number}"))
    for asked in targets:
        match = router.find(RequestHead("GET", asked))
        winner = expected(registered, routes, asked)
        if winner is None:
            assert isinstance(match.http_exception, web.HTTPNotFound), asked
        else:
            assert match.route is winner, asked


class Counted:
    """An item that counts how often it is offered."""

    def __init__(self, order: int) -> None:
        self.order = order


def offered(ways: list[list[str]], asked: str) -> int:
    """How many of the items at `ways` the tree offers for `asked`."""
    from aiolos_server.routing.pattern import PathPattern

    tree: PathTree[Counted] = PathTree()
    for order, path in enumerate(ways):
        for segments, whole in PathPattern(path, {}).ways():
            tree.add(segments, whole, Counted(order))
    segments = asked.split("/")
    count = 0
    length = len(segments)
    while length:
        found, length = tree.candidates(segments, length)
        count += len(found)
        length = max(length - 1, 0)
    return count


SHAPES = [
    ("/item{0}/{{id}}", "/item{0}/7"),
    ("/api/v1/item{0}/{{id}}", "/api/v1/item{0}/7"),
    ("/api/{{id}}/item{0}", "/api/7/item{0}"),
    ("/{{tenant}}/item{0}", "/x/item{0}"),
    ("/{{tenant}}/item{0}/{{id}}", "/x/item{0}/7"),
    (r"/{{tenant:\d+}}/item{0}/{{id:\d+}}", "/1/item{0}/7"),
    ("/{{tenant:[a-z]+}}/item{0}/{{rest:.*}}", "/x/item{0}/7/8"),
    ("/one/item{0}-{{id}}", "/one/item{0}-7"),
    ("/files/dir{0}/{{rest:.*}}", "/files/dir{0}/a/b/c"),
    ("/{{a}}/{{b}}/{{c}}/item{0}", "/x/y/z/item{0}"),
    ("/api/{{x}}-item{0}", "/api/7-item{0}"),
    (r"/api/{{x:\d+}}-item{0}/{{y}}", "/api/7-item{0}/8"),
    ("/{{x}}item{0}.html", "/7item{0}.html"),
    ("/api/v{{x}}-item{0}", "/api/v7-item{0}"),
    (r"/api/{{x:item{0}-\d+}}", "/api/item{0}-7"),
    (r"/{{x:item{0}\.[a-z]+}}/y", "/item{0}.b/y"),
    (r"/api/{{x:\d+-item{0}}}", "/api/7-item{0}"),
    (r"/api/v{{x:{0}-(?:a|b)}}", "/api/v{0}-b"),
    ("/api/item{0}-{{rest:.*}}", "/api/item{0}-7/8"),
]


@pytest.mark.parametrize(("shape", "asked"), SHAPES)
def test_the_candidates_do_not_grow_with_the_routes(shape: str, asked: str) -> None:
    for count in (20, 600):
        registered = [shape.format(number) for number in range(count)]
        # "item1-" is how "item1-7" begins and no other of them; "item1" is not one of "item10".
        assert offered(registered, asked.format(count - 1)) == 1
        assert offered(registered, "/nowhere/at/all/of/them") <= 1


def test_a_long_hostile_path_is_offered_nothing_more() -> None:
    registered = ["/{a}", "/{a}/{b}", "/x/{a}/y", "/x/x/x/{a}"]
    for segment in ("x", ""):
        assert offered(registered, "/" + "/".join([segment] * 4000)) == 0
