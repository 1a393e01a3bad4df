"""A browser over TLS: it chooses HTTP/2, also for its WebSocket (RFC 8441)."""

import pytest
from aiolos import web
from aiolos_testing import TestServer

TALK = """
new Promise((resolve, reject) => {
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/echo");
  socket.onopen = () => socket.send("over a stream");
  socket.onmessage = event => resolve(event.data);
  socket.onerror = () => reject(new Error("no WebSocket"));
})
"""


@pytest.mark.slow
async def test_a_page_and_its_websocket_share_a_connection(page, serving_tls):
    seen = []

    async def index(request):
        seen.append(("page", request.version, request.get_extra_info("peername")))
        return web.Response(text="<title>h2</title>", content_type="text/html")

    async def echo(request):
        seen.append(("socket", request.version, request.get_extra_info("peername")))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data + "!")
        return socket

    app = web.Application()
    app.router.add_get("/", index)
    app.router.add_get("/echo", echo)
    async with TestServer(app, ssl=serving_tls, shutdown_timeout=1) as server:
        await page.ask("Page.navigate", url=str(server.make_url("/")))
        # The old page may still answer until the new one is there.
        for _ in range(200):
            if await page.evaluate("document.title") == "h2":
                break
        assert await page.evaluate(TALK) == "over a stream!"
    versions = {name: version for name, version, _ in seen}
    assert versions == {"page": (2, 0), "socket": (2, 0)}
    assert len({address for name, _, address in seen if name in versions}) == 1
