"""Which functions may answer requests, and with what they are called."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from unittest import mock

import pytest
from aiolos_server import web

Serve = Callable[..., Any]


def answer(*given: Any) -> web.Response:
    told = [
        dict(each) if isinstance(each, web.UrlMappingMatchInfo) else "request" for each in given
    ]
    return web.Response(text=str(told))


async def one(request: Any) -> Any:
    return answer(request)


async def two(request: Any, match: Any) -> Any:
    return answer(request, match)


async def optional(request: Any, match: Any = None) -> Any:
    return answer(request)


async def open_to_all(*args: Any, **kwargs: Any) -> Any:
    return answer(*args)


async def injected(request: Any, database: Any, user: Any) -> Any:
    return answer(request)


def injecting(function: Any) -> Any:
    @wraps(function)
    async def inner(request: Any) -> Any:
        return await function(request, None, None)

    return inner


def injecting_openly(function: Any) -> Any:
    @wraps(function)
    async def inner(*args: Any) -> Any:
        return await function(*args, None, None)

    return inner


def passing_on(function: Any) -> Any:
    @wraps(function)
    async def inner(*args: Any, **kwargs: Any) -> Any:
        return await function(*args, **kwargs)

    return inner


def of_the_request_alone(function: Any) -> Any:
    @wraps(function)
    async def inner(request: Any) -> Any:
        return await function(request, request.match_info)

    return inner


class Methods:
    async def one(self, request: Any) -> Any:
        return answer(request)

    @passing_on
    async def wrapped(self, request: Any, match: Any) -> Any:
        return answer(request, match)

    @classmethod
    async def of_class(cls, request: Any, match: Any) -> Any:
        return answer(request, match)

    @staticmethod
    async def static(request: Any) -> Any:
        return answer(request)

    async def __call__(self, request: Any) -> Any:
        return answer(request)

    async def three(self, a: Any, b: Any, c: Any) -> Any:
        return answer()

    async def none(self) -> Any:
        return answer()


ALONE = "['request']"
BOTH = "['request', {'a': '1'}]"


@pytest.mark.parametrize(
    ("handler", "given"),
    [
        pytest.param(one, ALONE, id="one"),
        pytest.param(two, BOTH, id="two"),
        pytest.param(optional, ALONE, id="an optional second"),
        pytest.param(open_to_all, ALONE, id="any number"),
        pytest.param(lambda request, *rest: answer(request, *rest), ALONE, id="one and more"),
        pytest.param(partial(injected, database=1, user=2), ALONE, id="partial, by name"),
        pytest.param(
            partial(lambda db, request: answer(request), 1), ALONE, id="partial, in front"
        ),
        pytest.param(partial(lambda db, *both: answer(*both[:2]), 1), ALONE, id="partial, open"),
        pytest.param(injecting(injected), ALONE, id="decorator that gives the rest"),
        pytest.param(injecting_openly(injected), ALONE, id="the same, open"),
        pytest.param(passing_on(one), ALONE, id="decorator that passes on one"),
        pytest.param(passing_on(two), BOTH, id="decorator that passes on two"),
        pytest.param(of_the_request_alone(two), BOTH, id="decorated two"),
        pytest.param(Methods().one, ALONE, id="method"),
        pytest.param(Methods().wrapped, BOTH, id="decorated method"),
        pytest.param(Methods.of_class, BOTH, id="class method"),
        pytest.param(Methods.static, ALONE, id="static method"),
        pytest.param(Methods(), ALONE, id="callable object"),
        pytest.param(mock.AsyncMock(side_effect=one), ALONE, id="AsyncMock"),
        pytest.param(mock.create_autospec(two, side_effect=two), BOTH, id="autospec"),
    ],
)
async def test_with_what_a_handler_is_called(serve: Serve, handler: Any, given: str) -> None:
    app = web.Application()
    app.router.add_get("/{a}", handler)
    response = await serve(app=app).ask(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert response.body.decode() == given


@pytest.mark.parametrize(
    ("handler", "name"),
    [
        pytest.param(Methods().none, "Methods.none", id="none"),
        pytest.param(Methods().three, "Methods.three", id="three"),
        pytest.param(injected, "injected", id="three, by a function"),
        pytest.param(partial(one, None), "one", id="nothing left"),
        pytest.param(lambda *, request: answer(), "<lambda>", id="by name only"),
        pytest.param(lambda request, *, db: answer(), "<lambda>", id="a name that nobody gives"),
    ],
)
@pytest.mark.parametrize(
    "register",
    [
        pytest.param(lambda app, handler: app.router.add_get("/", handler), id="router"),
        pytest.param(lambda app, handler: app.add_routes([web.get("/", handler)]), id="routes"),
        pytest.param(
            lambda app, handler: app.router.add_resource("/").add_route("*", handler), id="resource"
        ),
    ],
)
def test_a_handler_that_cannot_be_called_is_refused_at_registration(
    handler: Any, name: str, register: Callable[[web.Application, Any], object]
) -> None:
    with pytest.raises(TypeError, match="called with .request. or with") as caught:
        register(web.Application(), handler)
    assert f"{name} (test_routing_handlers.py, line " in str(caught.value)
