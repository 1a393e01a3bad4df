"""Real traffic, recorded to a file that people can read, and played to tests ever after.

A recording is JSON: what was asked and what was answered, bodies as text, JSON or, failing both,
base64, and what was said over a WebSocket by whom. What is secret is hidden before it is written;
see aiolos_testing.redaction.
"""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final

from aiolos_protocol.errors import ProtocolError
from aiolos_protocol.websocket import WebSocket, WSReceived
from multidict import CIMultiDict

from .conversation import Repetition, hidden, relay
from .fake import Answer, Asked, Conversation, Declaration, FakeServer
from .fake.forward import forward, is_handshake, open_websocket
from .redaction import SECRETS, Redaction
from .transcript import Written, parsed, read_body, written_body

_VERSION: Final = 1


class Recorder(FakeServer):
    """A FakeServer that asks the real servers, and writes it to `path` when its block is left.

    What is declared is answered as declared, and not recorded. `hide` names further fields whose
    values are secret (SECRETS are hidden anyway); `keep(asked, answer)` False leaves an exchange
    out. `ssl` is the context for the real servers. TypeError where `hide` is one name instead of
    a list.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        hide: Iterable[str] = (),
        keep: Callable[[Asked, Answer], bool] = lambda asked, answer: True,
        ssl: SSLContext | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        if isinstance(hide, str):
            # Its letters would be the names, and the secret would be written in clear.
            raise TypeError(f"hide takes a list of names, like [{hide!r}], not {hide!r}")
        self._path = Path(path)
        self._redaction = Redaction([*SECRETS, *hide])
        self._keep = keep
        self._ssl = ssl
        self._exchanges: list[dict[str, Any]] = []

    async def _undeclared(self, asked: Asked) -> Answer | Conversation:
        websocket: WebSocket | None = None
        try:
            if is_handshake(asked):
                answer, websocket = await open_websocket(asked, self._ssl)
            else:
                answer = await forward(asked, self._ssl)
        except (OSError, ProtocolError) as error:
            self.complain(f"{asked} was to be recorded, but {type(error).__name__}: {error}")
            return Answer(502, body=str(error).encode())
        written: Written = {
            "request": _written_request(self._redaction.asked(asked)),
            "response": _written_response(self._redaction.answer(answer)),
        }
        if self._keep(asked, answer):
            self._exchanges.append(written)
        return answer if websocket is None else self._conversation(websocket, written)

    def _conversation(self, server: WebSocket, written: Written) -> Conversation:
        messages = written["messages"] = []

        def note(speaker: str, message: WSReceived) -> None:
            messages.append({"from": speaker, **hidden(message, self._redaction)})

        async def talk(client: WebSocket) -> None:
            await relay(client, server, note)

        return Conversation(talk, (server.protocol,) if server.protocol else ())

    def write(self) -> None:
        """Write what has been recorded."""
        recording = {
            "recording": _VERSION,
            "hidden": self._redaction.names,
            "exchanges": self._exchanges,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(recording, indent=2, ensure_ascii=False)
        self._path.write_text(text + "\n", encoding="utf-8")

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: object
    ) -> None:
        await super().__aexit__(kind, exc, traceback)
        if kind is None:
            self.write()


class Player(FakeServer):
    """A FakeServer that answers what was recorded in `path`, equal requests in their order.

    Method, URL and body must be those recorded; anything else fails the test, and so do other
    messages of a WebSocket. FileNotFoundError where there is no recording, ValueError where the
    file is none.
    """

    def __init__(self, path: str | Path, **options: Any) -> None:
        super().__init__(**options)
        recording = parsed(Path(path).read_bytes())
        if not isinstance(recording, dict) or recording.get("recording") != _VERSION:
            raise ValueError(f"{path} is no recording of version {_VERSION}; record it anew")
        self._path = path
        self._source = f"recorded in {path}"
        self._entries: dict[tuple[str, str, bytes], Entry] = {}
        number = 0
        try:
            self._redaction = Redaction(recording["hidden"])
            for number, written in enumerate(recording["exchanges"], 1):
                self._read(number, written)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            where = f"entry {number} of {path}" if number else str(path)
            told = f"{type(error).__name__}: {error}"
            raise ValueError(f"{where} cannot be read ({told}); record it anew") from error

    def _read(self, number: int, written: Written) -> None:
        request, response = written["request"], written["response"]
        body = read_body(request)
        key = request["method"], request["url"], body
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = Entry(number, request, body)
            self._declarations.append(entry)
        headers = CIMultiDict(response["headers"])
        if "messages" in written:
            name = f"entry {number} of {self._path} ({entry.method} {request['url']})"
            talk = Repetition(name, written["messages"], self._redaction, self.complain)
            protocol = headers.get("Sec-WebSocket-Protocol")
            entry.answer_with(Conversation(talk, (protocol,) if protocol else ()))
        else:
            entry.answer_with(Answer(response["status"], headers, read_body(response)))

    def _seen(self, asked: Asked) -> Asked:
        return self._redaction.asked(asked)

    def _advice(self, asked: Asked) -> str:
        nearest = f"; {self._nearest(asked)}" if self._declarations else ""
        return f"is not recorded in {self._path}{nearest}; delete that file to record it anew"


class Entry(Declaration):
    """A request of a recording, by the number of its first exchange there."""

    said_to_be = "recorded"

    def __init__(self, number: int, request: Written, body: bytes) -> None:
        wanted = {"json": request["json"]} if "json" in request else {"data": body}
        super().__init__(request["method"], request["url"], **wanted)
        self._number = number

    def __str__(self) -> str:
        return f"entry {self._number}, {super().__str__()}"


def recorded(path: str | Path, **options: Any) -> FakeServer:
    """A Player of `path`; where there is no such file, a Recorder of it.

    `options` are the Recorder's. On CI (the variable CI is set) nothing is recorded:
    FileNotFoundError says what to do.
    """
    if Path(path).exists():
        player = {name: options[name] for name in ("transport", "faults") if name in options}
        return Player(path, **player)
    if os.environ.get("CI"):
        raise FileNotFoundError(
            f"there is no recording {path}: run this test once where the network is and CI is "
            "not set, look at what was written, and commit it"
        )
    return Recorder(path, **options)


# The file.


def _written_request(asked: Asked) -> Written:
    written = {"method": asked.method, "url": str(asked.url), "headers": _pairs(asked.headers)}
    return {**written, **written_body(asked.body)}


def _written_response(answer: Answer) -> Written:
    written = {"status": answer.status, "headers": _pairs(answer.headers)}
    return {**written, **written_body(answer.body)}


def _pairs(headers: Any) -> list[list[str]]:
    return [[name, value] for name, value in headers.items()]
