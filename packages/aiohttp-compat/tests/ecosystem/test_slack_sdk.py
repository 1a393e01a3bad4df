"""slack_sdk: its web client, webhooks and socket mode, against a small Slack of our own."""

import asyncio

import pytest
from aiohttp import ClientSession, WSMsgType, web
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

HEARD = web.AppKey("heard", list)


async def post_message(request):
    assert request.headers["Authorization"] == "Bearer xoxb-1"
    said = await request.json()
    request.app[HEARD].append(said)
    if said["channel"] == "none":
        return web.json_response({"ok": False, "error": "channel_not_found"})
    return web.json_response({"ok": True, "channel": said["channel"], "ts": "1.0"})


async def limited(request):
    request.app[HEARD].append(request.path)
    if len(request.app[HEARD]) == 1:
        return web.Response(status=429, headers={"Retry-After": "0"}, text="slowly")
    return web.json_response({"ok": True, "url": "http://slack.example"})


async def upload(request):
    form = await request.post()
    file = form["file"]
    request.app[HEARD].append((file.filename, file.file.read(), form["title"]))
    return web.json_response({"ok": True})


async def hook(request):
    request.app[HEARD].append(await request.json())
    return web.Response(text="ok")


async def open_connection(request):
    url = request.url.with_scheme("ws").with_path("/socket")
    return web.json_response({"ok": True, "url": str(url)})


async def socket(request):
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    await ws.send_json({"type": "hello"})
    await ws.send_json({"type": "events_api", "envelope_id": "e1", "payload": {"text": "hi"}})
    async for message in ws:
        assert message.type is WSMsgType.TEXT
        request.app[HEARD].append(message.json())
    return ws


@pytest.fixture
async def server(aiohttp_server):
    app = web.Application()
    app[HEARD] = []
    app.add_routes(
        [
            web.post("/api/chat.postMessage", post_message),
            web.post("/api/auth.test", limited),
            web.post("/api/files.upload", upload),
            web.post("/api/apps.connections.open", open_connection),
            web.post("/hook", hook),
            web.get("/socket", socket),
        ]
    )
    return await aiohttp_server(app)


@pytest.fixture
def client(server):
    return AsyncWebClient("xoxb-1", base_url=str(server.make_url("/api/")))


async def test_a_call_and_its_error(server, client):
    answer = await client.chat_postMessage(channel="C1", text="hello")
    assert (answer["ok"], answer["ts"], answer.status_code) == (True, "1.0", 200)
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await client.chat_postMessage(channel="none", text="hello")
    assert [each["channel"] for each in server.app[HEARD]] == ["C1", "none"]


async def test_a_limit_is_waited_for(server, client):
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    assert (await client.auth_test())["url"] == "http://slack.example"
    assert len(server.app[HEARD]) == 2


async def test_a_file_is_uploaded(server, client, tmp_path):
    (tmp_path / "note.txt").write_text("a note")
    with (tmp_path / "note.txt").open("rb") as file:
        await client.api_call("files.upload", files={"file": file}, data={"title": "T"})
    assert server.app[HEARD] == [("note.txt", b"a note", "T")]


async def test_a_webhook_in_a_session_of_ones_own(server):
    async with ClientSession() as session:
        hook = AsyncWebhookClient(str(server.make_url("/hook")), session=session)
        answer = await hook.send(text="hello")
    assert (answer.status_code, answer.body) == (200, "ok")
    assert server.app[HEARD] == [{"text": "hello"}]


async def test_socket_mode(server, client):
    events = asyncio.Queue()
    listener = SocketModeClient(app_token="xapp-1", web_client=client, ping_interval=0.05)

    async def on_event(client, request):
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        await events.put(request.payload)

    listener.socket_mode_request_listeners.append(on_event)
    await listener.connect()
    assert await asyncio.wait_for(events.get(), 10) == {"text": "hi"}
    assert await listener.is_connected()
    while not server.app[HEARD]:
        await asyncio.sleep(0)
    assert server.app[HEARD] == [{"envelope_id": "e1"}]
    await listener.close()
