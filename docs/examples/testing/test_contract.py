from aiolos_testing.conformance import check_servable
from shop import make_app


async def test_the_shop_can_be_served():
    await check_servable(make_app, path="/items")
