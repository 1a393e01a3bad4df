"""How bodies and messages stand in the file of a recording: in the most readable form."""

import json
from base64 import b64decode, b64encode
from typing import Any

from aiolos_protocol.websocket import WSMsgType, WSReceived

Written = dict[str, Any]


def written_body(body: bytes) -> Written:
    """JSON (which may be spelled in another way afterwards), else text, else base64."""
    if not body:
        return {}
    value = parsed(body)
    if isinstance(value, (dict, list)):
        return {"json": value}
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}


def read_body(written: Written) -> bytes:
    """The bytes of written_body()."""
    if "json" in written:
        return json.dumps(written["json"]).encode()
    if "base64" in written:
        return b64decode(written["base64"])
    text: str = written.get("text", "")
    return text.encode()


def written_message(message: WSReceived) -> Written:
    """A message of a WebSocket: text or JSON, base64 for a binary one, or the code of a close."""
    if message.type is WSMsgType.TEXT:
        return written_body(message.data.encode()) or {"text": ""}
    if message.type is WSMsgType.BINARY:
        return {"base64": b64encode(message.data).decode()}
    if message.type is WSMsgType.CLOSE:
        return {"close": message.data, "reason": message.extra or ""}
    return {"close": 0, "reason": "broken off"}


def parsed(body: bytes) -> Any:
    """The value of JSON; None for what is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
