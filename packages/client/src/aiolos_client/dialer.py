"""New connections: name, address, TLS; and errors that name the host."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import cache
from typing import Any

from aiolos_protocol.contracts import Connect

from .errors import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
)
from .keys import ConnectionKey


async def dial(
    loop: asyncio.AbstractEventLoop,
    factory: Callable[[], Any],
    key: ConnectionKey,
    connect: Connect | None = None,
    **options: Any,
) -> Any:
    """The protocol that `factory` made, connected. Raises ClientConnectorError or a subclass.

    `connect` opens the connection where it is given; `options` are create_connection's: family,
    local_addr.
    """
    context = tls_context(key.ssl) if key.is_ssl else None
    try:
        if connect is not None:
            return await connect(factory, key.host, key.port, ssl=context)
        _, protocol = await loop.create_connection(
            factory,
            key.host,
            key.port,
            ssl=context,
            server_hostname=key.host if context is not None else None,
            **options,
        )
    except ssl.SSLCertVerificationError as error:
        raise ClientConnectorCertificateError(key, error) from error
    except ssl.SSLError as error:
        raise ClientConnectorSSLError(key, error) from error
    except socket.gaierror as error:
        raise ClientConnectorDNSError(key, error) from error
    except OSError as error:
        raise ClientConnectorError(key, error) from error
    return protocol


def tls_context(setting: ssl.SSLContext | bool) -> ssl.SSLContext:
    """The context for `ssl=`: True verifies by the system's authorities, False does not verify."""
    if isinstance(setting, ssl.SSLContext):
        return setting
    if not isinstance(setting, bool):
        raise TypeError(f"ssl takes True, False or an SSLContext, not {setting!r}")
    return _default_context(setting)


@cache
def _default_context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
