"""aiohttp-session: what a browser's cookie remembers, plain and encrypted."""

import pytest
from aiohttp import web
from aiohttp_session import SimpleCookieStorage, get_session, new_session, setup
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from cryptography.fernet import Fernet


async def count(request):
    session = await get_session(request)
    session["visits"] = session.get("visits", 0) + 1
    return web.json_response({"visits": session["visits"], "new": session.new})


async def log_in(request):
    session = await new_session(request)
    session["user"] = (await request.post())["user"]
    raise web.HTTPSeeOther("/count")


async def forget(request):
    (await get_session(request)).invalidate()
    return web.Response(text="forgotten")


@pytest.fixture(params=["plain", "encrypted"])
def storage(request):
    if request.param == "plain":
        return SimpleCookieStorage()
    return EncryptedCookieStorage(Fernet(Fernet.generate_key()), cookie_name="KEPT", max_age=60)


@pytest.fixture
async def client(aiohttp_client, storage):
    app = web.Application()
    setup(app, storage)
    app.add_routes(
        [web.get("/count", count), web.post("/log-in", log_in), web.post("/forget", forget)]
    )
    return await aiohttp_client(app)


async def test_a_session_lives_in_a_cookie(client, storage):
    for visits in (1, 2, 3):
        async with client.get("/count") as response:
            assert await response.json() == {"visits": visits, "new": visits == 1}
    kept = client.session.cookie_jar.filter_cookies(client.make_url("/"))
    assert list(kept) == [storage.cookie_name]
    async with client.post("/forget") as response:
        assert await response.text() == "forgotten"
    async with client.get("/count") as response:
        assert await response.json() == {"visits": 1, "new": True}


async def test_a_session_is_kept_by_a_raised_redirect(client):
    async with client.post("/log-in", data={"user": "ann"}) as response:
        assert [each.status for each in response.history] == [303]
        assert await response.json() == {"visits": 1, "new": False}
