import aiolos
import pytest
from aiolos.test_utils import FakeServer, TestClient, TestServer
from aiolos_testing.faults import ByteByByte, CutAfter, GoAway, Refuse, ResetAfter, inject
from rates import rate
from shop import make_app


async def test_a_connection_that_breaks_is_tried_once_more():
    async with FakeServer(faults=[ResetAfter(), None]) as fake:
        fake.get("/latest?to=EUR").answer(json={"rate": "0.92"})
        assert await rate(fake.session(), "EUR") == 0.92


async def test_two_that_break_are_an_error():
    async with FakeServer(faults=[CutAfter(30), CutAfter(0)]) as fake:
        fake.get("/latest?to=EUR").answer(json={"rate": "0.92"})
        with pytest.raises(aiolos.ClientConnectionError):
            await rate(fake.session(), "EUR")


async def test_the_shop_takes_a_request_byte_by_byte():
    async with TestClient(make_app(), faults=[ByteByByte()]) as client:
        async with client.post("/items", json={"name": "tea"}) as response:
            assert response.status == 201


async def test_a_server_that_goes_away_is_asked_again():
    server = TestServer(make_app(), faults=[GoAway()])
    async with TestClient(server, http2="prior-knowledge") as client:
        async with client.get("/items") as response:
            assert response.status == 200


async def test_any_connector_may_suffer(aiolos_server):
    server = await aiolos_server(make_app())
    async with aiolos.ClientSession(server.make_url("/")) as session:
        inject(session.connector, [Refuse(), None])
        with pytest.raises(aiolos.ClientConnectorError):
            await session.post("/items", json={"name": "tea"})
        async with session.post("/items", json={"name": "tea"}) as response:
            assert response.status == 201
