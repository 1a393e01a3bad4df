"""Routes, views, a sub-application, middlewares and errors: everything of docs/routing.md."""

from collections.abc import AsyncIterator
from typing import Any

from aiolos import web

Prices = dict[int, float]
PRICES = web.AppKey("prices", Prices)

routes = web.RouteTableDef()


@routes.get("/items/{item_id:int}", name="item")
async def item(request: web.Request, match_info: web.UrlMappingMatchInfo) -> web.Response:
    """`item_id` is an int; `/items/x` is 404."""
    item_id: int = match_info["item_id"]
    price = request.app[PRICES].get(item_id)
    if price is None:
        raise web.HTTPNotFound(text=f"there is no item {item_id}")
    return web.json_response({"id": item_id, "price": price})


@routes.get("/items/page/{number:int=1}", name="page")
async def page(request: web.Request) -> web.Response:
    """`/items/page` is the first one."""
    number: int = request.match_info["number"]
    following = request.app.router["page"].url_for(number=number + 1)
    return web.json_response({"page": number, "next": str(following)})


@web.view("/basket")
class Basket(web.View):
    """One method for each method; others are answered 405."""

    async def get(self) -> web.Response:
        """What GET answers."""
        return web.Response(text="empty")

    async def delete(self) -> web.Response:
        """What DELETE answers."""
        return web.HTTPNoContent()


@web.middleware
async def signed(request: web.Request, handler: web.Handler) -> web.StreamResponse:
    """Around every handler, also where no route matches."""
    response = await handler(request)
    response.headers["X-Shop"] = "aiolos"
    return response


async def prices(app: web.Application) -> AsyncIterator[dict[Any, Any]]:
    """Entered before the first request, left after the last; the mapping goes into `app`."""
    yield {PRICES: {1: 9.5, 2: 20.0}}


async def index(request: web.Request) -> web.Response:
    """The start page of the sub-application."""
    return web.Response(text="administration")


def make_app() -> web.Application:
    """The application."""
    admin = web.Application()
    admin.router.add_get("/", index)

    app = web.Application(middlewares=[signed], lifespan=prices)
    app.add_routes(routes)
    app.add_routes([Basket])
    app.add_subapp("/admin", admin)
    app.on_exception.append(web.problem_details)
    return app


if __name__ == "__main__":
    web.run_app(make_app())
