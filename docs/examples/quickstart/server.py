from aiolos import web


async def hello(request: web.Request) -> web.Response:
    name = request.match_info.get("name", "world")
    return web.Response(text=f"Hello, {name}!")


async def add(request: web.Request) -> web.Response:
    numbers = await request.json()
    return web.json_response({"sum": sum(numbers)})


def make_app() -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/", hello), web.get("/{name}", hello), web.post("/sum", add)])
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
