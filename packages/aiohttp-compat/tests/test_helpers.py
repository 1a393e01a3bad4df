"""What other code takes from aiohttp.helpers: times, proxies, credentials, fields."""

import asyncio

import aiohttp
import pytest
from aiohttp import helpers
from aiolos_protocol.fields.dates import parse_http_date
from yarl import URL


async def test_a_timer_ends_what_waits_inside():
    loop = asyncio.get_running_loop()
    handle = helpers.TimeoutHandle(loop, 1)
    timer = handle.timer()
    assert isinstance(timer, helpers.TimerContext)
    loop.call_soon(handle)
    with pytest.raises(TimeoutError), timer:
        await asyncio.Event().wait()
    assert asyncio.current_task().cancelling() == 0
    with pytest.raises(TimeoutError):
        timer.assert_timeout()
    with pytest.raises(TimeoutError), timer:
        pass


async def test_a_timer_heeds_who_cancels_the_task():
    loop = asyncio.get_running_loop()
    timer = helpers.TimerContext(loop)
    inside = asyncio.Event()

    async def wait():
        with timer:
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await inside.wait()
    timer.timeout()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_timer_that_is_left_in_time():
    with helpers.TimerContext(asyncio.get_running_loop()) as timer:
        pass
    timer.timeout()
    await asyncio.sleep(0)


def test_a_timer_is_for_tasks():
    loop = asyncio.new_event_loop()
    with pytest.raises(RuntimeError, match="inside of a task"), helpers.TimerContext(loop):
        pass
    loop.close()


async def test_times_are_rounded_up():
    loop = asyncio.get_running_loop()
    assert helpers.calculate_timeout_when(1.25, 10, 5) == 12
    assert helpers.calculate_timeout_when(1.25, 5, 5) == 6.25
    assert helpers.ceil_timeout(None).when() is None
    assert helpers.ceil_timeout(0).when() is None
    assert helpers.ceil_timeout(10).when() % 1 == 0
    assert helpers.call_later(print, None, loop) is None
    assert helpers.TimeoutHandle(loop, 0).start() is None
    assert isinstance(helpers.TimeoutHandle(loop, None).timer(), helpers.TimerNoop)
    handle = helpers.TimeoutHandle(loop, 100)
    called = []
    handle.register(called.append, 1)
    timer = handle.start()
    assert timer.when() % 1 == 0
    timer.cancel()
    handle()
    handle()
    assert called == [1]
    handle.register(called.append, 2)
    handle.close()
    handle()
    assert called == [1]


def test_proxies_of_the_environment(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://user:secret@proxy:1")
    monkeypatch.setenv("https_proxy", "https://proxy:2")
    monkeypatch.delenv("no_proxy", raising=False)
    auth = aiohttp.BasicAuth("user", "secret")
    assert helpers.proxies_from_env() == {"http": helpers.ProxyInfo(URL("http://proxy:1"), auth)}
    assert helpers.get_env_proxy_for_url(URL("http://x/")) == (URL("http://proxy:1"), auth)
    monkeypatch.setenv("no_proxy", "x")
    with pytest.raises(LookupError, match="no proxy for http://x"):
        helpers.get_env_proxy_for_url(URL("http://x/"))


def test_credentials_of_the_file_netrc(monkeypatch, tmp_path):
    path = tmp_path / "netrc"
    path.write_text("machine x login user password secret\n")
    monkeypatch.setenv("NETRC", str(path))
    known = helpers.netrc_from_env()
    assert helpers.basicauth_from_netrc(known, "x") == aiohttp.BasicAuth("user", "secret")
    for missing in ((known, "y"), (None, "x")):
        with pytest.raises(LookupError, match="no file netrc"):
            helpers.basicauth_from_netrc(*missing)
    monkeypatch.setenv("NETRC", str(tmp_path / "nothing"))
    assert helpers.netrc_from_env() is None


def test_fields():
    assert helpers.quoted_string('a"b') == 'a\\"b'
    header = helpers.content_disposition_header("form-data", name='a"b')
    assert header == 'form-data; name="a%22b"'
    with pytest.raises(ValueError, match="disposition type"):
        helpers.content_disposition_header("a b")
    helpers.validate_etag_value("abc")
    with pytest.raises(ValueError, match="is not a valid etag"):
        helpers.validate_etag_value('a"b')
    assert parse_http_date(helpers.rfc822_formatted_time()) is not None


async def test_an_error_is_set_once():
    future = asyncio.get_running_loop().create_future()
    cause = OSError()
    helpers.set_exception(future, ValueError("first"), cause)
    helpers.set_exception(future, ValueError("second"))
    with pytest.raises(ValueError, match="first") as caught:
        await future
    assert caught.value.__cause__ is cause
