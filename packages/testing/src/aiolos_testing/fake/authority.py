"""A certificate authority that lives as long as the process, for servers of every name."""

import ssl
from functools import cache
from typing import Any
from weakref import WeakSet

from aiolos_protocol.errors import MissingDistribution


class Authority:
    """Issues a certificate to whatever name a client asks for.

    Raises MissingDistribution where trustme is not installed.
    """

    def __init__(self) -> None:
        try:
            import trustme
        except ImportError:
            raise MissingDistribution("a FakeServer that is asked by https", "trustme") from None
        self._ca: Any = trustme.CA()
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}
        self._trusting: WeakSet[ssl.SSLContext] = WeakSet()

    def server_context(self, http2: bool) -> ssl.SSLContext:
        """A context that takes each connection for the server which the client names (SNI)."""

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name is not None:
                connection.context = self._context_of(name, http2)

        context = self._context_of("127.0.0.1", http2)
        context.sni_callback = choose
        return context

    def trust(self, context: ssl.SSLContext) -> None:
        """Let a client's context accept this authority too; what else it checks, it checks."""
        if context not in self._trusting:
            self._trusting.add(context)
            self._ca.configure_trust(context)

    def _context_of(self, name: str, http2: bool) -> ssl.SSLContext:
        context = self._contexts.get((name, http2))
        if context is None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
            self._ca.issue_cert(name).configure_cert(context)
            self._contexts[name, http2] = context
        return context


@cache
def authority() -> Authority:
    """The authority of this process; made at first use, since keys take time."""
    return Authority()
