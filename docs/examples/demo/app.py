"""The demo: a chat over WebSocket, a clock over server-sent events, an upload, a download.

python app.py [--host 127.0.0.1] [--port 8080]     serve until Ctrl-C
python app.py --check                              serve, let our client try everything, end
"""

import argparse
import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from aiolos import web

PAGE = Path(__file__).with_name("page.html")
CHAT: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("chat", set)
LARGEST_DOWNLOAD = 1024**3


async def page(request: web.Request) -> web.Response:
    """The one page."""
    return web.Response(body=PAGE.read_bytes(), content_type="text/html", charset="utf-8")


async def chat(request: web.Request) -> web.WebSocketResponse:
    """Send what one says to everybody."""
    socket = web.WebSocketResponse(heartbeat=30)
    await socket.prepare(request)
    everybody = request.app[CHAT]
    everybody.add(socket)
    try:
        async for message in socket:
            if message.type is web.WSMsgType.TEXT:
                for other in everybody:
                    # Not awaited: a slow reader must not hold up the others.
                    other.send_str(message.data[:500])
    finally:
        everybody.discard(socket)
    return socket


async def clock(request: web.Request) -> web.StreamResponse:
    """Tell the time as server-sent events, `?every=` seconds (default 1, at least 0.01)."""
    try:
        every = max(0.01, float(request.query.get("every", "1")))
    except ValueError:
        raise web.HTTPBadRequest(text="every= takes a number of seconds") from None
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    number = 0
    while True:
        now = datetime.now().isoformat(timespec="milliseconds")
        await response.write(f"id: {number}\ndata: {now}\n\n".encode())
        number += 1
        await asyncio.sleep(every)


async def upload(request: web.Request) -> web.Response:
    """Take a body of any size in pieces; answer its size and SHA-256."""
    digest = hashlib.sha256()
    size = 0
    async for piece in request.content.iter_any():
        digest.update(piece)
        size += len(piece)
    return web.json_response({"size": size, "sha256": digest.hexdigest()})


async def download(request: web.Request) -> web.StreamResponse:
    """Send `?size=` bytes (default 10 MB) in pieces."""
    try:
        size = int(request.query.get("size", "10000000"))
    except ValueError:
        raise web.HTTPBadRequest(text="size= takes a number of bytes") from None
    if not 0 <= size <= LARGEST_DOWNLOAD:
        raise web.HTTPBadRequest(text=f"size= is 0 to {LARGEST_DOWNLOAD}")
    response = web.StreamResponse(
        headers={"Content-Disposition": 'attachment; filename="numbers.txt"'}
    )
    response.content_type = "text/plain"
    response.content_length = size
    await response.prepare(request)
    async for piece in numbers(size):
        await response.write(piece)
    await response.write_eof()
    return response


async def numbers(size: int) -> AsyncIterator[bytes]:
    """`size` bytes of numbered lines, in pieces of at most 64,000."""
    number = 0
    while size > 0:
        piece = b"".join(b"%015d\n" % (number + i) for i in range(4000))[:size]
        number += 4000
        size -= len(piece)
        yield piece


def make_app() -> web.Application:
    """The application."""
    app = web.Application()
    app[CHAT] = set()
    app.router.add_get("/", page)
    app.router.add_get("/chat", chat)
    app.router.add_get("/clock", clock)
    app.router.add_put("/upload", upload)
    app.router.add_get("/download", download)
    return app


def main() -> int:
    """Command line; the exit status."""
    parser = argparse.ArgumentParser(description="The aiolos demo.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--check", action="store_true", help="try every feature and end")
    options = parser.parse_args()
    if options.check:
        from check import check

        return asyncio.run(check(make_app(), options.host))
    web.run_app(make_app(), host=options.host, port=options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
