"""Requests and responses of the client."""

from aiolos_client import (
    ClientResponse,
    ConnectionKey,
    RequestInfo,
    UploadTracker,
)
from aiolos_client.clientrequest import (
    ClientRequest,
)
from aiolos_client.tls import (
    Fingerprint,
)

__all__ = [
    "ClientRequest",
    "ClientResponse",
    "ConnectionKey",
    "Fingerprint",
    "RequestInfo",
    "UploadTracker",
]
