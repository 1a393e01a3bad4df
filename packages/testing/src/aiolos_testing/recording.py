"""Real traffic, recorded to a file that people can read, and played to tests ever after.

A recording is JSON: what was asked and what was answered, bodies as text, JSON or, failing both,
base64. What is secret is hidden before it is written; see aiolos_testing.redaction.
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final

from aiolos_protocol.errors import ProtocolError
from multidict import CIMultiDict

from .fake import Answer, Asked, Declaration, FakeServer
from .fake.forward import forward
from .redaction import SECRETS, Redaction

_VERSION: Final = 1


class Recorder(FakeServer):
    """A FakeServer that asks the real servers, and writes it to `path` when its block is left.

    What is declared is answered as declared, and not recorded. `hide` names further fields whose
    values are secret (SECRETS are hidden anyway); `keep(asked, answer)` False leaves an exchange
    out. `ssl` is the context for the real servers. WebSockets are not recorded. TypeError where
    `hide` is one name instead of a list.
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

    async def _undeclared(self, asked: Asked) -> Answer:
        try:
            answer = await forward(asked, self._ssl)
        except (OSError, ProtocolError) as error:
            self.complain(f"{asked} was to be recorded, but {type(error).__name__}: {error}")
            return Answer(502, body=str(error).encode())
        if self._keep(asked, answer):
            self._exchanges.append(
                {
                    "request": _written_request(self._redaction.asked(asked)),
                    "response": _written_response(self._redaction.answer(answer)),
                }
            )
        return answer

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

    Method, URL and body must be those recorded; anything else fails the test. FileNotFoundError
    where there is no recording, ValueError where the file is none.
    """

    def __init__(self, path: str | Path, **options: Any) -> None:
        super().__init__(**options)
        recording = _parsed(Path(path).read_bytes())
        if not isinstance(recording, dict) or recording.get("recording") != _VERSION:
            raise ValueError(f"{path} is no recording of version {_VERSION}; record it anew")
        self._redaction = Redaction(recording["hidden"])
        played: dict[tuple[str, str, bytes], Declaration] = {}
        for exchange in recording["exchanges"]:
            request, response = exchange["request"], exchange["response"]
            body = _read_body(request)
            key = request["method"], request["url"], body
            if key not in played:
                wanted = {"json": request["json"]} if "json" in request else {"data": body}
                played[key] = self.on(request["method"], request["url"], **wanted)
            headers = CIMultiDict(response["headers"])
            played[key].answer_with(Answer(response["status"], headers, _read_body(response)))

    def _seen(self, asked: Asked) -> Asked:
        return self._redaction.asked(asked)


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


def _written_request(asked: Asked) -> dict[str, Any]:
    written = {"method": asked.method, "url": str(asked.url), "headers": _pairs(asked.headers)}
    return {**written, **_written_body(asked.body)}


def _written_response(answer: Answer) -> dict[str, Any]:
    written = {"status": answer.status, "headers": _pairs(answer.headers)}
    return {**written, **_written_body(answer.body)}


def _pairs(headers: Any) -> list[list[str]]:
    return [[name, value] for name, value in headers.items()]


def _written_body(body: bytes) -> dict[str, Any]:
    """The body in the most readable form; JSON may be spelled in another way afterwards."""
    if not body:
        return {}
    value = _parsed(body)
    if isinstance(value, (dict, list)):
        return {"json": value}
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}


def _read_body(written: dict[str, Any]) -> bytes:
    if "json" in written:
        return json.dumps(written["json"]).encode()
    if "base64" in written:
        return b64decode(written["base64"])
    text: str = written.get("text", "")
    return text.encode()


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
