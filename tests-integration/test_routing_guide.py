"""docs/routing.md: its example does what the page says."""

import importlib.util

from aiolos.test_utils import TestClient, TestServer


def load(root):
    path = root / "docs" / "examples" / "routing" / "shop.py"
    spec = importlib.util.spec_from_file_location("shop", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_example(root):
    async with TestClient(TestServer(load(root).make_app())) as client:
        async with client.get("/items/1") as response:
            assert await response.json() == {"id": 1, "price": 9.5}
            assert response.headers["X-Shop"] == "aiolos"
        async with client.get("/items/7") as response:
            assert response.status == 404
            assert response.content_type == "application/problem+json"
            problem = await response.json(content_type=None)
            assert problem["detail"] == "there is no item 7"
        async with client.get("/items/x") as response:
            assert response.status == 404
        async with client.get("/items/page") as response:
            assert await response.json() == {"page": 1, "next": "/items/page/2"}
        async with client.get("/basket") as response:
            assert await response.text() == "empty"
        async with client.delete("/basket") as response:
            assert response.status == 204
        async with client.post("/basket") as response:
            assert (response.status, response.headers["Allow"]) == (405, "DELETE,GET")
        async with client.get("/admin/") as response:
            assert await response.text() == "administration"
