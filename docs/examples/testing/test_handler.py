from aiolos.test_utils import make_mocked_coro, make_mocked_request
from shop import add_item, list_items, make_app


async def test_a_handler_by_hand():
    app = make_app()
    request = make_mocked_request("POST", "/items", app=app, payload=b'{"name": "tea"}')
    assert (await add_item(request)).status == 201
    response = await list_items(make_mocked_request("GET", "/items", app=app))
    assert response.text == '[{"name": "tea"}]'


async def test_a_coroutine_function_that_counts():
    notify = make_mocked_coro("sent")
    assert await notify("tea") == "sent"
    notify.assert_awaited_once_with("tea")
