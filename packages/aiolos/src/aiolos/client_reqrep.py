"""Requests and responses of the client."""

from aiolos_client import (
    ClientResponse,
    RequestInfo,
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
    "Fingerprint",
    "RequestInfo",
]
