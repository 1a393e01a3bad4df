import re

import aiolos
from rates import RATES, rate


async def test_the_rate_is_found(fake_server):
    asked = fake_server.get(f"{RATES}?to=EUR").answer(json={"rate": "0.92"})
    assert await rate(fake_server.session(), "EUR") == 0.92
    assert asked.asked[0].headers["Accept"] == "*/*"


async def test_a_form_and_what_comes_of_it(fake_server):
    fake_server.post("https://shop.example.com/login", form={"name": "ann"}).answer(
        303, headers={"Location": "/home", "Set-Cookie": "session=1"}
    )
    home = fake_server.get("/home", headers={"Cookie": re.compile("session=.*")}).answer(text="hi")
    session = fake_server.session()
    async with session.post("https://shop.example.com/login", data={"name": "ann"}) as response:
        assert await response.text() == "hi"
    assert len(home.asked) == 1
    fake_server.check_all_asked()


async def test_a_websocket_of_the_upstream(fake_server):
    async def talk(websocket):
        await websocket.send_str(f"{await websocket.receive_str()}!")

    fake_server.websocket("wss://rates.example.com/live", talk, protocols=("rates.v1",))
    session = fake_server.session()
    async with session.ws_connect("wss://rates.example.com/live", protocols=["rates.v1"]) as ws:
        await ws.send_str("EUR")
        assert await ws.receive_str() == "EUR!"


async def test_a_session_that_the_code_makes_itself(fake_server):
    fake_server.get(f"{RATES}?to=EUR").answer(json={"rate": "0.92"})
    async with aiolos.ClientSession() as session:
        session.connector.connect_by = fake_server.connect
        assert await rate(session, "EUR") == 0.92
