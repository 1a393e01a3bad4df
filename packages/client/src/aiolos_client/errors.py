"""What a client raises. Each message names the method, the URL and what was expected."""

import asyncio
import ssl
from typing import Any, NamedTuple

from multidict import MultiMapping


class ConnectionKey(NamedTuple):
    """What connections are shared by: the origin and how its TLS is checked."""

    host: str
    port: int
    is_ssl: bool
    ssl: "ssl.SSLContext | bool" = True


class ClientError(Exception):
    """The base of everything that a client raises."""


class ClientResponseError(ClientError):
    """An answer came, but not one that was wanted; `status` is its status."""

    def __init__(
        self,
        request_info: Any,
        history: tuple[Any, ...],
        *,
        status: int = 0,
        message: str = "",
        headers: MultiMapping[str] | None = None,
    ) -> None:
        super().__init__(request_info, history)
        self.request_info = request_info
        self.history = history
        self.status = status
        self.message = message
        self.headers = headers

    def __str__(self) -> str:
        url = getattr(self.request_info, "real_url", "")
        return f"{self.status}, message={self.message!r}, url={str(url)!r}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class ContentTypeError(ClientResponseError):
    """The answer's content type is not the expected one."""


class WSServerHandshakeError(ClientResponseError):
    """The server did not agree to a WebSocket."""


class ClientConnectionError(ClientError):
    """The connection failed."""


class ClientConnectionResetError(ClientConnectionError, ConnectionResetError):
    """The connection was closed while something was to be sent."""


class ClientOSError(ClientConnectionError, OSError):
    """The operating system reported an error."""


class ClientConnectorError(ClientOSError):
    """No connection could be made; `os_error` tells why."""

    def __init__(self, connection_key: ConnectionKey, os_error: OSError) -> None:
        super().__init__(os_error.errno, os_error.strerror or str(os_error))
        self.args = (connection_key, os_error)
        self._connection_key = connection_key
        self._os_error = os_error

    @property
    def os_error(self) -> OSError:
        """The cause."""
        return self._os_error

    @property
    def host(self) -> str:
        """The host that was dialled."""
        return self._connection_key.host

    @property
    def port(self) -> int:
        """The port that was dialled."""
        return self._connection_key.port

    @property
    def ssl(self) -> "ssl.SSLContext | bool":
        """How TLS was to be checked."""
        return self._connection_key.ssl

    def __str__(self) -> str:
        why = self._os_error.strerror or self._os_error
        return f"Cannot connect to host {self.host}:{self.port}: {why}"


class ClientConnectorDNSError(ClientConnectorError):
    """The host's name could not be resolved."""


class ClientSSLError(ClientConnectorError):
    """TLS failed."""


class ClientConnectorSSLError(ClientSSLError, ssl.SSLError):
    """The TLS handshake failed."""


class ClientConnectorCertificateError(ClientSSLError, ssl.SSLCertVerificationError):
    """The server's certificate was refused."""

    def __init__(self, connection_key: ConnectionKey, certificate_error: OSError) -> None:
        super().__init__(connection_key, certificate_error)

    @property
    def certificate_error(self) -> OSError:
        """The cause."""
        return self._os_error

    def __str__(self) -> str:
        return (
            f"Cannot connect to host {self.host}:{self.port}: its certificate was refused: "
            f"{self._os_error}"
        )


class ServerConnectionError(ClientConnectionError):
    """The server ended the exchange."""


class ServerDisconnectedError(ServerConnectionError):
    """The server closed the connection without an answer."""

    def __init__(self, message: str = "Server disconnected") -> None:
        super().__init__(message)
        self.message = message


class ServerTimeoutError(ServerConnectionError, asyncio.TimeoutError):
    """The server took too long."""


class ConnectionTimeoutError(ServerTimeoutError):
    """No connection within the time for it."""


class SocketTimeoutError(ServerTimeoutError):
    """Nothing was received for too long."""


class ClientPayloadError(ClientError):
    """The answer's body broke off or was malformed."""


class InvalidURL(ClientError, ValueError):
    """A URL that cannot be requested; `url` is it, `description` says why."""

    def __init__(self, url: Any, description: str | None = None) -> None:
        self._url = url
        self._description = description
        super().__init__(*(part for part in (url, description) if part is not None))

    @property
    def url(self) -> Any:
        """The URL."""
        return self._url

    @property
    def description(self) -> str | None:
        """Why."""
        return self._description

    def __str__(self) -> str:
        return f"{self._url} - {self._description}" if self._description else str(self._url)


class NonHttpUrlClientError(InvalidURL):
    """The scheme is not one that is spoken here."""
