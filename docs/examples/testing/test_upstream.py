from rates import RATES, rate


async def test_the_rate_is_found(fake_server):
    asked = fake_server.get(f"{RATES}?to=EUR").answer(json={"rate": "0.92"})
    assert await rate(fake_server.session(), "EUR") == 0.92
    assert asked.asked[0].headers["Accept"] == "*/*"
