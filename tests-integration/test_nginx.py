"""Behind nginx, over TCP and over a UNIX socket (row DEP-03)."""

import asyncio
import contextlib
import json

import aiolos
import pytest
from aiolos import web
from aiolos_testing import unused_port

CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 20m;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream application {{ server {upstream}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://application;
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
    }}
}}
"""


async def show(request):
    return web.json_response(
        {
            "host": request.host,
            "for": request.headers["X-Forwarded-For"],
            "remote": request.remote,
            "scheme": request.scheme,
            "size": len(await request.read()),
            "path": request.path_qs,
        }
    )


async def echo(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


def application():
    trusting = web.behind_proxies(["127.0.0.0/8"])
    app = web.Application(client_max_size=2**24, middlewares=[trusting])
    app.router.add_route("*", "/show", show)
    app.router.add_get("/echo", echo)
    return app


@contextlib.asynccontextmanager
async def nginx(command, folder, upstream):
    """nginx in front of `upstream`; its address."""
    port = unused_port()
    (folder / "nginx.conf").write_text(
        CONFIGURATION.format(folder=folder, upstream=upstream, port=port)
    )
    process = await asyncio.create_subprocess_exec(
        command, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "early")
    )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            assert process.returncode is None, (folder / "error.log").read_text()
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@pytest.mark.parametrize("kind", ["tcp", "unix"])
async def test_dep_03_requests_bodies_and_websockets(tool, tmp_path, kind):
    # nginx's workers are another user where it is started as root.
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:3]:
        if parent.stat().st_mode & 0o055 != 0o055:
            parent.chmod(0o755)
    runner = application().runner(access_log=None, shutdown_timeout=1)
    await runner.setup()
    if kind == "tcp":
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        upstream = f"127.0.0.1:{runner.addresses[0][1]}"
    else:
        path = tmp_path / "socket"
        await web.UnixSite(runner, path).start()
        path.chmod(0o777)
        upstream = f"unix:{path}"
    try:
        async with (
            nginx(tool("nginx"), tmp_path, upstream) as base,
            aiolos.ClientSession(base) as session,
        ):
            for size in (0, 10, 5_000_000):
                # What a client invents does not come through.
                invented = {"X-Forwarded-Proto": "https"}
                body = b"x" * size
                async with session.post("/show?a=b", data=body, headers=invented) as response:
                    assert response.status == 200, (tmp_path / "error.log").read_text()
                    seen = json.loads(await response.text())
                assert seen == {
                    "host": "127.0.0.1", "for": "127.0.0.1", "remote": "127.0.0.1",
                    "scheme": "http", "size": size, "path": "/show?a=b",
                }  # fmt: skip
            async with session.ws_connect("/echo") as socket:
                await socket.send_str("through")
                assert await socket.receive_str() == "through"
    finally:
        await runner.cleanup()
