"""The access log; as in the original, what a line says is in the record's attributes as well."""

import logging
from typing import Any, Final

import aiolos.web
from aiolos.web import AbstractAccessLogger, BaseRequest, StreamResponse
from aiolos_server.access_log import ASKING, ATOM

from ._absent import absent

__all__ = [
    "AbstractAccessLogger",
    "AccessLogger",
]

_NAMES: Final = {
    "a": "remote_address",
    "t": "request_start_time",
    "P": "process_id",
    "r": "first_request_line",
    "s": "response_status",
    "b": "response_size",
    "T": "request_time",
    "Tf": "request_time_frac",
    "D": "request_time_micro",
    "i": "request_header",
    "o": "response_header",
}


class AccessLogger(aiolos.web.AccessLogger):
    """Writes lines by a format of atoms; each record has an attribute for each atom, such as
    `response_status`, and the mappings `request_header` and `response_header`."""

    def __init__(
        self, logger: logging.Logger, log_format: str = aiolos.web.AccessLogger.LOG_FORMAT
    ) -> None:
        super().__init__(logger, log_format)
        self._found = [
            (match["kind"] or match["atom"], match["name"]) for match in ATOM.finditer(log_format)
        ]

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """See AbstractAccessLogger."""
        extra: dict[str, Any] = {}
        told = self.told(request, response, time)
        # Behind each literal text stands an atom.
        for (kind, name), value in zip(self._found, told[1::2], strict=True):
            attribute = _NAMES.get(kind)
            if name is not None:
                extra.setdefault(_NAMES[kind], {})[name] = value
            elif attribute is not None:
                extra[attribute] = int(value) if value.isdecimal() else value
        # Without arguments nothing in the line is a format.
        self.logger.info("".join(told), extra=extra)


# It asks for the fields that it tells, by told().
ASKING.add(AccessLogger.log)

absent(__name__)
