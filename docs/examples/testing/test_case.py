import unittest

from aiolos.test_utils import AioHTTPTestCase, BlockingCheck, LeakCheck
from shop import make_app


class ShopTest(AioHTTPTestCase):
    async def get_application(self):
        return make_app()

    async def test_an_empty_shop(self):
        async with self.client.get("/items") as response:
            self.assertEqual(await response.json(), [])


class CarefulTest(ShopTest):
    async def asyncSetUp(self):
        self.addAsyncCleanup(LeakCheck().check)  # behind all that is closed
        self.enterContext(BlockingCheck())
        await super().asyncSetUp()


if __name__ == "__main__":
    unittest.main()
