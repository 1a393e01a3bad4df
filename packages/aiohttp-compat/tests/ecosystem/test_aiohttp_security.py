"""aiohttp-security: who asks and what they may, by cookie, session and token."""

import jwt
import pytest
from aiohttp import web
from aiohttp_security import (
    AbstractAuthorizationPolicy,
    CookiesIdentityPolicy,
    JWTIdentityPolicy,
    SessionIdentityPolicy,
    authorized_userid,
    check_permission,
    forget,
    remember,
    setup,
)
from aiohttp_session import SimpleCookieStorage
from aiohttp_session import setup as setup_session

SECRET = "a secret that is long enough for HS256"


class Policy(AbstractAuthorizationPolicy):
    async def authorized_userid(self, identity):
        return identity if identity in ("ann", "bob") else None

    async def permits(self, identity, permission, context=None):
        return (identity, permission) == ("ann", "write")


async def log_in(request):
    response = web.HTTPFound("/who")
    await remember(request, response, (await request.post())["name"])
    raise response


async def log_out(request):
    response = web.Response()
    await forget(request, response)
    return response


async def who(request):
    return web.Response(text=str(await authorized_userid(request)))


async def write(request):
    await check_permission(request, "write")
    return web.Response(text="written")


def application(policy):
    app = web.Application()
    setup_session(app, SimpleCookieStorage())
    setup(app, policy, Policy())
    app.add_routes(
        [
            web.post("/log-in", log_in),
            web.post("/log-out", log_out),
            web.get("/who", who),
            web.post("/write", write),
        ]
    )
    return app


@pytest.mark.parametrize("policy", [CookiesIdentityPolicy, SessionIdentityPolicy])
async def test_a_name_is_remembered_and_forgotten(aiohttp_client, policy):
    client = await aiohttp_client(application(policy()))
    assert await (await client.get("/who")).text() == "None"
    assert (await client.post("/write")).status == 401
    response = await client.post("/log-in", data={"name": "ann"})
    assert await response.text() == "ann"
    assert await (await client.post("/write")).text() == "written"
    assert await (await client.post("/log-in", data={"name": "bob"})).text() == "bob"
    assert (await client.post("/write")).status == 403
    await client.post("/log-out")
    assert await (await client.get("/who")).text() == "None"


async def test_a_token_says_who_asks(aiohttp_client):
    client = await aiohttp_client(application(JWTIdentityPolicy(SECRET)))
    token = jwt.encode({"login": "ann"}, SECRET, algorithm="HS256")
    headers = {"Authorization": f"Bearer {token}"}
    assert await (await client.get("/who", headers=headers)).text() == "ann"
    assert (await client.get("/who", headers={"Authorization": "Basic x"})).status == 500
