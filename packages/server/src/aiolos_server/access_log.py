"""One line per request, in Apache's combined style or a format of the user's."""

import json
import logging
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from .composing import Composing
from .naming import visible
from .request import BaseRequest
from .response import StreamResponse

ATOM: Final = re.compile(
    r"%(?:\{(?P<name>[A-Za-z0-9\-_]+)\}(?P<kind>[ioe])|(?P<atom>Tf|[atPrsbTDl%]))"
)


class AbstractAccessLogger(ABC):
    """What a server calls after each response."""

    def __init__(self, logger: logging.Logger, log_format: str) -> None:
        self.logger = logger
        self.log_format = log_format

    @abstractmethod
    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """`time` is the seconds from head to end."""

    @property
    def enabled(self) -> bool:
        """False where nobody would see the line."""
        return True


class AccessLogger(AbstractAccessLogger):
    """Writes lines by a format of atoms.

    %a peer, %t time, %P process, %r request line, %s status, %b body bytes, %T seconds,
    %Tf seconds with fraction, %D microseconds, %{X}i and %{X}o fields of request and response,
    %% a percent sign. ValueError for any other.
    """

    LOG_FORMAT = '%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"'

    def __init__(self, logger: logging.Logger, log_format: str = LOG_FORMAT) -> None:
        super().__init__(logger, log_format)
        self._atoms = _compiled(log_format)

    @property
    def enabled(self) -> bool:
        """Whether the logger takes INFO."""
        return self.logger.isEnabledFor(logging.INFO)

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """See AbstractAccessLogger."""
        self.logger.info("%s", "".join(self.told(request, response, time)))

    def told(self, request: BaseRequest, response: StreamResponse, time: float) -> list[str]:
        """The pieces of the line: texts of the format and, between two of them, an atom's value."""
        return [
            atom if isinstance(atom, str) else atom(request, response, time) for atom in self._atoms
        ]


class JSONAccessLogger(AbstractAccessLogger):
    """Writes one JSON object a line, for whatever reads logs; a format is not looked at.

    Members: time (ISO 8601), remote, method, target, version, status, bytes, seconds, host,
    referer, user_agent. What is not known is null.
    """

    @property
    def enabled(self) -> bool:
        """Whether the logger takes INFO."""
        return self.logger.isEnabledFor(logging.INFO)

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """See AbstractAccessLogger."""
        headers = request.headers
        members = {
            "time": datetime.now().astimezone().isoformat(timespec="milliseconds"),
            "remote": request.remote,
            "method": request.method,
            "target": request.path_qs,
            "version": ".".join(map(str, request.version)),
            "status": response.status,
            "bytes": _size(request, response),
            "seconds": round(time, 6),
            "host": headers.get("Host"),
            "referer": headers.get("Referer"),
            "user_agent": headers.get("User-Agent"),
        }
        # All that is not ASCII is escaped, so nothing forges a line or moves a cursor.
        self.logger.info("%s", json.dumps(members))


# Those that ask a response for what was sent only where a line says it.
ASKING: Final[set[Any]] = {AccessLogger.log, JSONAccessLogger.log}


def log_of(access: AbstractAccessLogger) -> Callable[[Any, Any, float], None] | None:
    """What calls `access` for each response; None where nobody would see its lines."""
    if not access.enabled:
        return None
    if type(access).log in ASKING:
        return access.log

    def log(request: Any, response: Any, time: float) -> None:
        # One of somebody's own may look at any field.
        response.sent_to(request)
        access.log(request, response, time)

    return log


def _size(request: BaseRequest, response: StreamResponse) -> int:
    """How many bytes of a body were sent."""
    return 0 if request.method == "HEAD" else response.body_length


_Atom = Callable[[Any, Any, float], str]


def _compiled(log_format: str) -> list[str | _Atom]:
    atoms: list[str | _Atom] = []
    position = 0
    for match in ATOM.finditer(log_format):
        atoms.append(_literal(log_format[position : match.start()]))
        atoms.append(
            _field(match["name"], match["kind"]) if match["name"] else _ATOMS[match["atom"]]
        )
        position = match.end()
    atoms.append(_literal(log_format[position:]))
    return atoms


def _literal(text: str) -> str:
    if "%" in text:
        raise ValueError(f"unknown atom in the access log format: {text[text.index('%') :][:20]!r}")
    return text


def _field(name: str, kind: str) -> _Atom:
    if kind == "i":
        return lambda request, response, time: visible(request.headers.get(name, "-"))
    if kind == "o" and name.lower() == "content-length":
        # What is sent in chunks has none.
        return lambda request, response, time: visible(
            str(_sent(request, response).get(name, response.body_length))
        )
    if kind == "o":
        return lambda request, response, time: visible(_sent(request, response).get(name, "-"))
    raise ValueError(f"%{{{name}}}{kind}: only %{{X}}i and %{{X}}o are known")


def _sent(request: Any, response: Any) -> Any:
    """The fields of the head that was sent; a test may have a response of its own."""
    return response.sent_to(request) if isinstance(response, Composing) else response.headers


def _now(request: Any, response: Any, time: float) -> str:
    return datetime.now().astimezone().strftime("[%d/%b/%Y:%H:%M:%S %z]")


def _request_line(request: Any, response: Any, time: float) -> str:
    major, minor = request.version
    return f"{visible(request.method)} {visible(request.path_qs)} HTTP/{major}.{minor}"


_ATOMS: Final[dict[str, _Atom]] = {
    "a": lambda request, response, time: visible(str(request.remote or "-")),
    "t": _now,
    "P": lambda request, response, time: f"<{os.getpid()}>",
    "r": _request_line,
    "s": lambda request, response, time: str(response.status),
    "b": lambda request, response, time: str(_size(request, response)),
    "l": lambda request, response, time: "-",
    "T": lambda request, response, time: str(round(time)),
    "Tf": lambda request, response, time: f"{time:06f}",
    "D": lambda request, response, time: str(round(time * 1_000_000)),
    "%": lambda request, response, time: "%",
}
