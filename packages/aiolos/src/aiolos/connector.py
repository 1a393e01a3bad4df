"""Connections, pooled."""

from aiolos_client.connector import (
    BaseConnector,
    TCPConnector,
)

__all__ = [
    "BaseConnector",
    "TCPConnector",
]
