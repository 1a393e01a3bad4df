"""What is logged has the names of loggers that applications and libraries of aiohttp go by."""

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestServer


async def fail(request):
    raise ValueError("nothing works")


def application():
    app = web.Application()
    app.router.add_get("/", fail)
    return app


def low_level():
    return web.ServerRunner(web.Server(fail))


async def asked(port):
    async with aiohttp.ClientSession() as session:
        response = await session.get(f"http://127.0.0.1:{port}/")
        await response.read()
        assert response.status == 500


async def broken(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HT TP/1.1\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.")
    writer.close()


@pytest.mark.parametrize("ask", [asked, broken])
@pytest.mark.parametrize("make", [lambda: TestServer(application()), lambda: RawTestServer(fail)])
async def test_errors_of_test_servers(make, ask, caplog):
    caplog.set_level("DEBUG", "aiohttp")
    async with make() as server:
        await ask(server.port)
    names = [each.name for each in caplog.records if each.name != "asyncio"]
    assert names == ["aiohttp.server", "aiohttp.access"]


@pytest.mark.parametrize("make", [lambda: web.AppRunner(application()), low_level])
async def test_errors_of_runners(make, caplog):
    caplog.set_level("DEBUG", "aiohttp")
    runner = make()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await asked(runner.addresses[0][1])
    await runner.cleanup()
    names = [each.name for each in caplog.records if each.name != "asyncio"]
    assert names == ["aiohttp.server", "aiohttp.access"]
    (line,) = [each for each in caplog.records if each.name == "aiohttp.access"]
    assert line.response_status == 500


async def test_a_logger_of_ones_own(caplog):
    logger = aiohttp.log.ws_logger
    caplog.set_level("INFO", "aiohttp")
    async with TestServer(application(), logger=logger, access_log=None) as server:
        await asked(server.port)
    assert [each.name for each in caplog.records if each.name != "asyncio"] == [logger.name]


def test_the_logger_of_an_application_is_for_its_own_words():
    assert web.Application().logger is aiohttp.log.web_logger
