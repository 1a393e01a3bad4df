"""Real traffic, recorded to a file that people can read, and played to tests ever after.

A recording is JSON: what was asked and what was answered, bodies as text, JSON or, failing both,
base64. What is secret is hidden before it is written: fields of heads, of queries, of forms and of
JSON, by their names, wherever they occur.
"""

import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final
from urllib.parse import urlencode

from aiolos_protocol.errors import ProtocolError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .fake import Answer, Asked, Declaration, FakeServer
from .fake.forward import forward

HIDDEN: Final = "(hidden)"
SECRETS: Final = (
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "Set-Cookie",
    "X-Api-Key",
    "access_token",
    "refresh_token",
    "client_secret",
    "password",
)
_VERSION: Final = 1


class Filter:
    """Hides what is secret in requests and answers; `names` are compared in any case."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = sorted({name.lower() for name in names})

    def asked(self, asked: Asked) -> Asked:
        """`asked` without its secrets."""
        query = [(name, self._value(name, value)) for name, value in asked.url.query.items()]
        url = asked.url.with_query(query) if query else asked.url
        headers = CIMultiDictProxy(self._headers(asked.headers))
        kind = asked.headers.get("Content-Type", "")
        return Asked(asked.method, url, headers, self._body(asked.body, kind))

    def answer(self, answer: Answer) -> Answer:
        """`answer` without its secrets."""
        body = self._body(answer.body, answer.headers.get("Content-Type", ""))
        return Answer(answer.status, self._headers(answer.headers), body)

    def _value(self, name: str, value: str) -> str:
        return HIDDEN if name.lower() in self.names else value

    def _headers(self, headers: Any) -> CIMultiDict[str]:
        found: CIMultiDict[str] = CIMultiDict()
        for name, value in headers.items():
            if name.lower() == "set-cookie" and "set-cookie" in self.names:
                # A client must still find a cookie there.
                found.add(name, re.sub(r"=[^;]*", f"={HIDDEN}", value, count=1))
            else:
                found.add(name, self._value(name, value))
        return found

    def _body(self, body: bytes, content_type: str) -> bytes:
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            form = Asked("", URL(), CIMultiDictProxy(CIMultiDict()), body).form()
            return urlencode([(name, self._value(name, form[name])) for name in form]).encode()
        if kind.endswith("json"):
            value = _parsed(body)
            hidden = self._json(value)
            # As it came where nothing was hidden.
            return body if hidden == value else json.dumps(hidden).encode()
        return body

    def _json(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: HIDDEN if name.lower() in self.names else self._json(each)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self._json(each) for each in value]
        return value


class Recorder(FakeServer):
    """A FakeServer that asks the real servers, and writes it to `path` when its block is left.

    What is declared is answered as declared, and not recorded. `hide` names further fields whose
    values are secret (SECRETS are hidden anyway); `keep(asked, answer)` False leaves an exchange
    out. `ssl` is the context for the real servers. WebSockets are not recorded.
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
        self._path = Path(path)
        self._filter = Filter([*SECRETS, *hide])
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
                    "request": _written_request(self._filter.asked(asked)),
                    "response": _written_response(self._filter.answer(answer)),
                }
            )
        return answer

    def write(self) -> None:
        """Write what has been recorded."""
        recording = {
            "recording": _VERSION,
            "hidden": self._filter.names,
            "exchanges": self._exchanges,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(recording, indent=2, ensure_ascii=False)
        self._path.write_text(text + "\n", encoding="utf-8")

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        await super().__aexit__(kind, *exc)
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
        self._filter = Filter(recording["hidden"])
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
        return self._filter.asked(asked)


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
    except ValueError:
        return None
