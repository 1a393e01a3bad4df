"""aiogram: a bot that calls Telegram, and hears of updates by a webhook."""

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError, TelegramUnauthorizedError
from aiogram.methods import SendMessage
from aiogram.types import BufferedInputFile
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import MultipartReader, web

TOKEN = "42:token"
CALLS = web.AppKey("calls", list)
CHAT = {"id": 7, "type": "private"}


def message(number, text):
    return {"message_id": number, "date": 0, "chat": CHAT, "text": text}


async def telegram(request):
    form = await request.post()
    if request.match_info["token"] != TOKEN:
        answer = {"ok": False, "error_code": 401, "description": "Unauthorized"}
        return web.json_response(answer, status=401)
    method = request.match_info["method"]
    said = {
        key: value.file.read() if isinstance(value, web.FileField) else value
        for key, value in form.items()
    }
    request.app[CALLS].append((method, said))
    if method == "getMe":
        result = {"id": 42, "is_bot": True, "first_name": "Bot"}
    else:
        result = message(1, said.get("text", ""))
    return web.json_response({"ok": True, "result": result})


async def file(request):
    return web.Response(body=b"0123456789" * 20000)


@pytest.fixture
async def server(aiohttp_server):
    app = web.Application()
    app[CALLS] = []
    app.add_routes(
        [web.post("/bot{token}/{method}", telegram), web.get("/file/bot{token}/{path:.*}", file)]
    )
    return await aiohttp_server(app)


@pytest.fixture
async def bot(server):
    api = TelegramAPIServer.from_base(str(server.make_url("/")))
    async with Bot(TOKEN, session=AiohttpSession(api=api)).context() as bot:
        yield bot


async def test_calls_files_and_downloads(server, bot, tmp_path):
    assert (await bot.get_me()).first_name == "Bot"
    sent = await bot.send_message(7, "hällo")
    assert sent.text == "hällo"
    await bot.send_document(7, BufferedInputFile(b"\x00data", "a.bin"), caption="c")
    called = server.app[CALLS]
    assert [method for method, _ in called] == ["getMe", "sendMessage", "sendDocument"]
    assert b"\x00data" in called[2][1].values()
    await bot.download_file("documents/a", tmp_path / "a")
    assert (tmp_path / "a").stat().st_size == 200000


async def test_errors_are_aiograms(server, unused_tcp_port):
    api = TelegramAPIServer.from_base(str(server.make_url("/")))
    async with Bot("42:wrong", session=AiohttpSession(api=api)).context() as bot:
        with pytest.raises(TelegramUnauthorizedError):
            await bot.get_me()
    api = TelegramAPIServer.from_base(f"http://127.0.0.1:{unused_tcp_port}")
    async with Bot(TOKEN, session=AiohttpSession(api=api)).context() as bot:
        with pytest.raises(TelegramNetworkError, match="ClientConnectorError"):
            await bot.get_me()


@pytest.mark.parametrize("background", [True, False])
async def test_a_webhook_is_answered(server, bot, aiohttp_client, background):
    dispatcher = Dispatcher()
    started = []

    @dispatcher.startup()
    async def on_startup(app):
        started.append(app)

    @dispatcher.message()
    async def on_message(event):
        return SendMessage(chat_id=event.chat.id, text=event.text[::-1])

    app = web.Application()
    handler = SimpleRequestHandler(
        dispatcher, bot, handle_in_background=background, secret_token="secret"
    )
    handler.register(app, "/hook")
    setup_application(app, dispatcher)
    client = await aiohttp_client(app)
    assert started == [app]
    update = {"update_id": 1, "message": message(5, "abc")}
    assert (await client.post("/hook", json=update)).status == 401
    headers = {"X-Telegram-Bot-Api-Secret-Token": "secret"}
    async with client.post("/hook", json=update, headers=headers) as response:
        assert response.status == 200
        if background:
            assert await response.json() == {}
            await client.close()
        else:
            parts = {}
            async for part in MultipartReader.from_response(response):
                parts[part.name] = await part.text()
            assert parts == {"method": "sendMessage", "chat_id": "7", "text": "cba"}
