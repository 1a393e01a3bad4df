"""Names inside the original's modules: those that are true here, and who reads another is told."""

import asyncio
import importlib
import ssl

import aiohttp
import pytest
from aiohttp import _absent, client, client_reqrep, helpers, test_utils, web, web_urldispatcher

NAMES = [(module, name) for module, names in _absent._NEAREST.items() for name in names]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_name_that_is_not_here_is_told_with_the_nearest(module, name):
    found = importlib.import_module(f"aiohttp.{module}")
    with pytest.raises(AttributeError, match="the nearest name is ") as caught:
        getattr(found, name)
    assert caught.value.name == name
    assert not hasattr(found, name)
    with pytest.raises(ImportError, match=f"cannot import name '{name}' .* nearest name is "):
        exec(f"from aiohttp.{module} import {name}", {})


def test_any_other_name_is_told_as_python_does():
    with pytest.raises(AttributeError, match=r"^module 'aiohttp.client' has no attribute 'x'$"):
        client.x  # noqa: B018
    with pytest.raises(ImportError, match=r"^cannot import name 'x' from 'aiohttp.client'"):
        from aiohttp.client import x  # noqa: F401


def test_a_type_media_is_of_attrs():
    attr = pytest.importorskip("attr")
    kind = helpers.parse_mimetype("text/html; charset=a")
    assert attr.has(helpers.MimeType)
    assert attr.evolve(kind, subtype="plain").subtype == "plain"
    assert kind == helpers.parse_mimetype("text/html;charset=a")
    with pytest.raises(AttributeError):
        kind.type = "image"


def test_what_names_stand_for():
    assert isinstance(helpers.sentinel, helpers._SENTINEL)
    assert isinstance(web.AppKey("a"), helpers.BaseKey)
    assert client._SessionRequestContextManager is aiohttp.request
    assert isinstance(ssl.create_default_context(), client_reqrep.SSL_ALLOWED_TYPES)
    assert not isinstance("no", client_reqrep.SSL_ALLOWED_TYPES)
    assert issubclass(aiohttp.ClientConnectorSSLError, aiohttp.client_exceptions.ssl_error_bases)
    with pytest.raises(web.GracefulExit):
        aiohttp.web_runner._raise_graceful_exit()
    transport = test_utils._create_transport("context")
    assert transport.get_extra_info("sslcontext") == "context"
    assert transport.get_extra_info("sockname") == ("127.0.0.1", 80)
    assert transport.get_extra_info("peername") is None


def test_paths():
    assert web_urldispatcher._quote_path("/a b/%2F") == "/a%20b/%252F"
    assert web_urldispatcher._requote_path("/a b/%2F%41") == "/a%20b/%2FA"
    assert web_urldispatcher._unquote_path_safe("a%2Fb%25") == "a/b%"


def test_tasks_are_cancelled():
    async def wait():
        await asyncio.Event().wait()

    async def fail():
        try:
            await wait()
        finally:
            raise ValueError

    loop = asyncio.new_event_loop()
    seen = []
    loop.set_exception_handler(lambda _, told: seen.append(type(told["exception"])))
    tasks = {loop.create_task(wait()), loop.create_task(fail())}
    loop.run_until_complete(asyncio.sleep(0))
    web._cancel_tasks(tasks, loop)
    loop.close()
    assert seen == [ValueError]


async def test_a_handle_keeps_nothing_alive():
    called = []

    class Kept:
        def call(self):
            called.append(self)

    loop = asyncio.get_running_loop()
    assert helpers.weakref_handle(Kept(), "call", None, loop) is None
    kept = Kept()
    helpers.weakref_handle(kept, "call", 0.001, loop)
    helpers.weakref_handle(Kept(), "call", 0.001, loop)
    await asyncio.sleep(0.02)
    assert called == [kept]
