"""Running an application under the name aiohttp: the command line, Gunicorn's workers."""

import asyncio
import subprocess
import sys

import aiohttp
import aiolos_server.gunicorn
import pytest
from aiohttp import web


@pytest.mark.parametrize("name", ["GunicornWebWorker", "GunicornUVLoopWebWorker"])
def test_dep_02_the_workers_have_their_alias(name):
    worker = getattr(aiolos_server.gunicorn, name)
    assert getattr(aiohttp, name) is worker
    assert getattr(__import__("aiohttp.worker").worker, name) is worker


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'aiohttp' has no attribute 'nonsense'"):
        aiohttp.nonsense  # noqa: B018


def test_the_command_line_is_aiohttps():
    command = [sys.executable, "-m", "aiohttp.web", "-H", "127.0.0.1", "-P", "0", "nowhere:app"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, "there is no module 'nowhere' to import\n")


async def test_an_application_runs_beside_other_tasks():
    from aiohttp.test_utils import unused_port

    async def hello(request):
        return web.Response(text="hello")

    async def make():
        app = web.Application()
        app.router.add_get("/", hello)
        return app

    told = []
    port = unused_port()
    running = asyncio.ensure_future(
        web._run_app(make(), host="127.0.0.1", port=port, print=told.append)
    )
    while not told:
        await asyncio.sleep(0)
    assert f"http://127.0.0.1:{port}" in told[0]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/") as response:
            assert await response.text() == "hello"
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")
async def test_shutdown_is_overridden_without_parameters():
    told = []

    class Own(web.Application):
        async def shutdown(self):
            told.append("own")
            await super().shutdown()

    async def note(app):
        told.append("signal")

    app = Own()
    app.on_shutdown.append(note)
    app.add_subapp("/sub", Own())
    runner = web.AppRunner(app)
    await runner.setup()
    await runner.cleanup()
    assert told == ["own", "signal", "own"]
