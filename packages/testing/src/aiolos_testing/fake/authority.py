"""A certificate authority that lives as long as the process, for servers of every name."""

import ssl
from collections.abc import Callable
from functools import cache
from ipaddress import ip_address
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
        # Who asks an address does not say which: one certificate names them all.
        self._addresses = ["127.0.0.1"]
        self._trusting: WeakSet[ssl.SSLContext] = WeakSet()

    def server_context(self, http2: bool, complain: Callable[[str], object]) -> ssl.SSLContext:
        """A context that takes each connection for the server which the client names (SNI).

        `complain` is told of a name that there is no certificate for.
        """

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
            if name is not None:
                try:
                    connection.context = self._context_of(name, http2)
                except OSError as error:
                    complain(str(error))
                    return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            return None

        context = self._context_of("", http2)
        context.sni_callback = choose
        return context

    def prepare(self, host: str) -> None:
        """A client is about to ask `host`. OSError for a name that no certificate can hold."""
        try:
            address = str(ip_address(host.partition("%")[0]))
        except ValueError:
            self._context_of(host.rstrip("."), True)
            return
        if address not in self._addresses:
            self._addresses.append(address)
            for name, http2 in list(self._contexts):
                if not name:
                    self._certify(self._contexts[name, http2], name)

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
            self._certify(context, name)
            self._contexts[name, http2] = context
        return context

    def _certify(self, context: ssl.SSLContext, name: str) -> None:
        names = [name] if name else self._addresses
        try:
            try:
                issued = self._ca.issue_cert(*names)
            except UnicodeError:
                # Names like my_service, which containers have, are none of IDNA (RFC 5891 4.2.3).
                # Without other names of hosts in a certificate, clients look at the common one;
                # an address there must be, for an empty list is malformed (RFC 5280 4.2.1.6).
                issued = self._ca.issue_cert("127.0.0.1", common_name=name)
            issued.configure_cert(context)
        except ValueError as error:
            # A common name has 64 characters at most (RFC 5280 A.1).
            raise OSError(
                None,
                f"FakeServer has no certificate for {name!r}, which is no host's name by the "
                f"letter ({error}): ask it by http, or by another name",
            ) from error


@cache
def authority() -> Authority:
    """The authority of this process; made at first use, since keys take time."""
    return Authority()
