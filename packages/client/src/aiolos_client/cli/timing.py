"""What took how long, told by the signals of tracing."""

import time
from typing import Any, Final, TextIO

from ..tracing import TraceConfig

_END: Final = "end"
_STEPS: Final = (
    ("name looked up", "on_dns_resolvehost_start", "on_dns_resolvehost_end"),
    ("connected, TLS included", "on_connection_create_start", "on_connection_create_end"),
    ("answer's head", "on_request_headers_sent", "on_request_end"),
    ("answer's body", "on_request_end", _END),
)


class Timing:
    """Moments of one request; `config` is to be given to the session."""

    def __init__(self) -> None:
        self.config = TraceConfig()
        self._begun = time.perf_counter()
        self._moments: dict[str, float] = {}
        for name in {name for _, *names in _STEPS for name in names} - {_END}:
            getattr(self.config, name).append(self._noting(name))

    def _noting(self, name: str) -> Any:
        async def note(*_: Any) -> None:
            self._moments[name] = time.perf_counter()

        return note

    def end(self) -> None:
        """The answer's body is there, and shown or written."""
        self._moments[_END] = time.perf_counter()

    def show(self, out: TextIO) -> None:
        """One line for each step that took place, and the total. Behind end()."""
        for what, start, end in _STEPS:
            if start in self._moments and end in self._moments:
                _line(what, self._moments[end] - self._moments[start], out)
        _line("total", self._moments[_END] - self._begun, out)


def _line(what: str, seconds: float, out: TextIO) -> None:
    print(f"{what:<24} {seconds * 1000:9.1f} ms", file=out)
