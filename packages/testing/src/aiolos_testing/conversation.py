"""WebSockets in a recording: what was said by whom, written down and said again."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiolos_protocol.websocket import WebSocket, WSCloseCode, WSMsgType, WSReceived

from .redaction import Redaction
from .transcript import Written, read_body, written_message

CLIENT: Final = "client"
SERVER: Final = "server"


def hidden(message: WSReceived, redaction: Redaction) -> Written:
    """`message` as it is written, without its secrets."""
    if message.type is WSMsgType.TEXT:
        message = message._replace(data=redaction.text(message.data))
    elif message.type is WSMsgType.BINARY:
        message = message._replace(data=redaction.content(message.data))
    return written_message(message)


async def relay(
    client: WebSocket, server: WebSocket, note: Callable[[str, WSReceived], None]
) -> None:
    """Pass on every message, either way, and note who said it; until both ends are closed."""

    async def pump(source: WebSocket, target: WebSocket, name: str) -> None:
        message = await source.receive()
        while message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            note(name, message)
            await send(target, message.type, message.data)
            message = await source.receive()
        if message.type is WSMsgType.CLOSE:
            note(name, message)
            await close(target, message.data, message.extra or "")
        else:
            # Broken off, or closed by the other pump.
            await target.close()

    try:
        await asyncio.gather(pump(client, server, CLIENT), pump(server, client, SERVER))
    finally:
        await server.close()


class Repetition:
    """A talk: says what the server said, once the client has said what it did.

    `name` is the entry's. `complain` is told of what the client says instead.
    """

    def __init__(
        self,
        name: str,
        messages: list[Written],
        redaction: Redaction,
        complain: Callable[[str], None],
    ) -> None:
        self._name = name
        self._messages = [_checked(each) for each in messages]
        self._redaction = redaction
        self._complain = complain

    async def __call__(self, websocket: WebSocket) -> None:
        """See Talk."""
        for number, (speaker, wanted) in enumerate(self._messages, 1):
            if speaker == SERVER:
                await _say(websocket, wanted)
                continue
            said = hidden(await websocket.receive(), self._redaction)
            if "close" in said and "close" in wanted:
                return
            if said != wanted:
                text = f"message {number} of {self._name}: {wanted} recorded, {said} sent"
                self._complain(text)
                await websocket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"not recorded")
                return


def _checked(written: Written) -> tuple[str, Written]:
    message = dict(written)
    speaker = message.pop("from")
    if speaker not in (CLIENT, SERVER):
        raise ValueError(f"a message is from 'client' or 'server', not {speaker!r}")
    return speaker, message


async def _say(websocket: WebSocket, message: Written) -> None:
    if "close" in message:
        await close(websocket, message["close"], message["reason"])
    elif "base64" in message:
        await send(websocket, WSMsgType.BINARY, read_body(message))
    else:
        await send(websocket, WSMsgType.TEXT, read_body(message).decode())


async def send(websocket: WebSocket, kind: WSMsgType, data: Any) -> None:
    """Send a text or bytes."""
    if kind is WSMsgType.TEXT:
        await websocket.send_str(data)
    else:
        await websocket.send_bytes(data)


async def close(websocket: WebSocket, code: int, reason: str) -> None:
    """Close as another one was closed; 0 is no code."""
    await websocket.close(code=code or WSCloseCode.OK, message=reason.encode())
