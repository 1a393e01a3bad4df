"""Requests."""

from aiolos import ETag as ETag
from aiolos.web import (
    BaseRequest,
    FileField,
    Request,
    RequestKey,
)
from aiolos_server.received import _SPOOL as _FILE_SPOOL_MAX_SIZE  # noqa: F401

from ._absent import absent

__all__ = [
    "BaseRequest",
    "FileField",
    "Request",
    "RequestKey",
]

absent(__name__)
