"""What a client raises. Each message names the method, the URL and what was expected."""

import asyncio
import re
import ssl
from typing import Any, Final

from multidict import MultiMapping

from .keys import ConnectionKey


class ClientError(Exception):
    """The base of everything that a client raises."""


class ClientResponseError(ClientError):
    """An answer came, but not one that was wanted; `status` is its status (`code` its old name)."""

    def __init__(
        self,
        request_info: Any,
        history: tuple[Any, ...],
        *,
        code: int | None = None,
        status: int | None = None,
        message: str = "",
        headers: MultiMapping[str] | None = None,
    ) -> None:
        if code is not None and status is not None:
            raise ValueError("give status; code is its old name")
        super().__init__(request_info, history)
        self.request_info = request_info
        self.history = history
        self.status: int = status or code or 0
        self.message = message
        self.headers = headers

    @property
    def code(self) -> int:
        """The old name of `status`."""
        return self.status

    def __str__(self) -> str:
        url = getattr(self.request_info, "real_url", "")
        return f"{self.status}, message={self.message!r}, url={str(url)!r}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class ContentTypeError(ClientResponseError):
    """The answer's content type is not the expected one."""


class WSServerHandshakeError(ClientResponseError):
    """The server did not agree to a WebSocket."""


class ClientHttpProxyError(ClientResponseError):
    """The proxy did not open a tunnel; `status` and `message` are its own."""


class TooManyRedirects(ClientResponseError):
    """`max_redirects` redirections in a row, the last of which is not followed; `history` holds
    them."""


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
    def ssl(self) -> Any:
        """How TLS was to be checked."""
        return self._connection_key.ssl

    @property
    def _why(self) -> str:
        error = self._os_error
        told = error.strerror or str(error)
        if told:
            return told
        if isinstance(error, ConnectionError):
            where = " in the TLS handshake" if self._connection_key.is_ssl else ""
            return f"the connection was closed{where}"
        return type(error).__name__

    def __str__(self) -> str:
        return f"Cannot connect to {self._connection_key}: {self._why}"


class UnixClientConnectorError(ClientConnectorError):
    """No connection could be made to the Unix socket `path`."""

    def __init__(self, path: str, connection_key: ConnectionKey, os_error: OSError) -> None:
        super().__init__(connection_key, os_error)
        self.args = (path, connection_key, os_error)
        self._path = path

    @property
    def path(self) -> str:
        """The socket's path."""
        return self._path

    def __str__(self) -> str:
        return f"Cannot connect to the Unix socket {self._path}: {self._why}"


class ClientProxyConnectionError(ClientConnectorError):
    """No connection could be made to, or through, the proxy."""

    def __str__(self) -> str:
        proxy = self._connection_key.proxy
        at = "" if proxy is None else f" {proxy.host}:{proxy.port}"
        return f"Cannot connect to {self.host}:{self.port} by the proxy{at}: {self._why}"


class ClientConnectorDNSError(ClientConnectorError):
    """The host's name could not be resolved."""


class ClientSSLError(ClientConnectorError):
    """TLS failed."""


class ClientConnectorSSLError(ClientSSLError, ssl.SSLError):
    """The TLS handshake failed."""

    def __str__(self) -> str:
        told = super().__str__()
        # What OpenSSL says of bytes that are no TLS record, in words of its own.
        if getattr(self._os_error, "reason", None) in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
            told += "; the port does not speak TLS: write http:// if it is meant to be so"
        return told


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
            f"Cannot connect to {self._connection_key}: its certificate was refused: "
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
    """No connection within the time for it: ClientTimeout's `connect` or `sock_connect`."""


class SocketTimeoutError(ServerTimeoutError):
    """Nothing was received for too long: ClientTimeout's `sock_read`."""


class ServerFingerprintMismatch(ServerConnectionError):
    """The server's certificate is not the one that Fingerprint names; digests are bytes."""

    def __init__(self, expected: bytes, got: bytes, host: str, port: int) -> None:
        super().__init__(expected, got, host, port)
        self.expected = expected
        self.got = got
        self.host = host
        self.port = port

    def __str__(self) -> str:
        return (
            f"the certificate of {self.host}:{self.port} has the fingerprint {self.got.hex()}, "
            f"expected was {self.expected.hex()}"
        )


class ClientPayloadError(ClientError):
    """The answer's body broke off or was malformed."""


class ConnectionClosedError(ClientPayloadError, RuntimeError):
    """The answer's body broke off because its session or connector was closed.

    A RuntimeError as well, by which programs written for aiohttp know it.
    """


class UploadAbortedError(ClientError):
    """The request's body was not sent to its end."""


class UploadFailedError(UploadAbortedError, ClientConnectionError):
    """The request's body was not sent to its end, for reading or sending it failed: the cause.

    A ClientConnectionError as well, by which programs written for aiohttp know it.
    """


# In what is no URL, too: user:password@host is a proxy whose scheme was forgotten.
_PASSWORD: Final = re.compile(r"((?:^|//|\s)[^/?#@\s:]*):[^/?#@\s]*@")


def _without_passwords(text: str) -> str:
    return _PASSWORD.sub(r"\1:***@", text)


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
        return _without_passwords(" - ".join(map(str, self.args)))


class InvalidUrlClientError(InvalidURL):
    """A URL that was asked for cannot be requested."""


class RedirectClientError(ClientError):
    """A redirection that cannot be followed."""


class NonHttpUrlClientError(ClientError):
    """The URL's scheme is not one that is spoken here."""

    def __init__(self, url: Any, description: str | None = None) -> None:
        super().__init__(*(part for part in (url, description) if part is not None))
        self.url = url
        self.description = description

    def __str__(self) -> str:
        return _without_passwords(" - ".join(map(str, self.args)))


class InvalidUrlRedirectClientError(InvalidUrlClientError, RedirectClientError):
    """A redirection to a URL that cannot be requested."""


class NonHttpUrlRedirectClientError(NonHttpUrlClientError, RedirectClientError):
    """A redirection to a scheme that is not spoken here."""
