"""The name aiohttp gives the objects of aiolos."""

import re
import subprocess
import sys
from pathlib import Path

import aiohttp
import aiohttp.hdrs
import aiohttp.web
import aiolos
import aiolos.web
import pytest
from aiolos_protocol import hdrs

# Subclasses of the same name, or functions that make them; see test_modules.py.
OWN = {
    "hdrs",
    "__version__",
    "request",
    "ClientRequest",
    "ClientResponse",
    "ClientSession",
    "CookieJar",
}
OWN |= {"BaseConnector", "NamedPipeConnector", "TCPConnector", "UnixConnector"}
OWN_OF_WEB = {"AbstractResource", "AccessLogger", "Application", "AppRunner", "Server", "run_app"}
OWN_OF_WEB |= {"UrlDispatcher"}


@pytest.mark.parametrize("name", sorted({*aiolos.__all__} - OWN))
def test_a_name_is_that_of_aiolos(name):
    assert getattr(aiohttp, name) is getattr(aiolos, name)


@pytest.mark.parametrize("name", sorted({*aiolos.web.__all__} - OWN_OF_WEB))
def test_a_name_of_web_is_that_of_aiolos(name):
    assert getattr(aiohttp.web, name) is getattr(aiolos.web, name)


def test_the_version_is_that_of_the_api():
    # Libraries choose by it what they may use.
    assert re.fullmatch(r"3\.14\.\d+", aiohttp.__version__)


def test_header_names_are_there():
    assert aiohttp.hdrs.CONTENT_TYPE is hdrs.CONTENT_TYPE
    assert aiohttp.hdrs.METH_GET == "GET"


def test_each_difference_from_aiohttp_is_kept_with_its_reason():
    tool = Path(__file__).resolve().parents[3] / "tools" / "differences.py"
    command = [sys.executable, str(tool), "aiohttp"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


async def test_an_application_written_for_aiohttp_runs():
    from aiohttp import web

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=f"Hello, {request.match_info['name']}!")

    app = web.Application()
    app.router.add_get("/{name}", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/you") as response,
        ):
            assert response.status == 200
            assert await response.text() == "Hello, you!"
    finally:
        await runner.cleanup()
