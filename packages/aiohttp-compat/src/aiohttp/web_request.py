"""Requests."""

from aiolos.web import (
    BaseRequest,
    FileField,
    Request,
    RequestKey,
)

__all__ = [
    "BaseRequest",
    "FileField",
    "Request",
    "RequestKey",
]
