"""The opening handshake (RFC 6455 4, RFC 8441): heads in, heads out, either role.

A client sends `Offer(options).head(version)` and gives what comes back to `confirm()`; a server
gives what came to `accept()`. Both come to an Agreement, or raise UpgradeRefused.
"""

import binascii
import os
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from aiolos_protocol import hdrs
from aiolos_protocol.errors import UpgradeRefused
from aiolos_protocol.message import (
    Head,
    HttpVersion,
    HttpVersion11,
    HttpVersion20,
    RequestHead,
    ResponseHead,
)
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import WebSocket, WSOptions
from multidict import CIMultiDict, MultiMapping

from . import extensions
from .extensions import Compression
from .role import CLIENT, SERVER, Role

VERSION: Final = "13"

# RFC 6455 1.3
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an engine must know of a handshake: its role, and what was negotiated."""

    role: Role
    subprotocol: str | None
    compression: Compression | None


Opener = Callable[[Handover, Terms, WSOptions], WebSocket]


class Agreement:
    """aiolos_protocol.contracts.Agreement."""

    def __init__(
        self,
        status: int,
        headers: CIMultiDict[str],
        terms: Terms,
        options: WSOptions,
        opener: Opener,
    ) -> None:
        self.status = status
        self.headers = headers
        self.terms = terms
        self._options = options
        self._opener = opener

    @property
    def subprotocol(self) -> str | None:
        """The sub-protocol agreed upon, if any."""
        return self.terms.subprotocol

    def open(self, handover: Handover) -> WebSocket:
        """See the contract."""
        return self._opener(handover, self.terms, self._options)


@dataclass(frozen=True, slots=True)
class OfferHead:
    """aiolos_protocol.contracts.UpgradeHead."""

    method: str
    headers: CIMultiDict[str]
    protocol: str | None


class Offer:
    """aiolos_protocol.contracts.Offer: one handshake of a client."""

    def __init__(self, options: WSOptions, opener: Opener) -> None:
        self._options = options
        self._opener = opener
        self._version = HttpVersion11
        self._key = ""
        # The sub-protocols as they went out: among `options.headers` there may be some, too.
        self._offered: list[str] = []

    def head(self, version: HttpVersion) -> OfferHead:
        """See the contract; each call makes a new key (RFC 6455 4.1)."""
        options = self._options
        self._version = version
        headers: CIMultiDict[str] = CIMultiDict(options.headers or {})
        headers[hdrs.SEC_WEBSOCKET_VERSION] = VERSION
        if options.protocols:
            headers[hdrs.SEC_WEBSOCKET_PROTOCOL] = ", ".join(options.protocols)
        self._offered = _elements(headers, hdrs.SEC_WEBSOCKET_PROTOCOL)
        if options.compress:
            headers[hdrs.SEC_WEBSOCKET_EXTENSIONS] = extensions.offer(
                options.compress, options.takeover
            )
        if options.origin is not None:
            headers[hdrs.ORIGIN] = options.origin
        if version >= HttpVersion20:
            # RFC 8441 5: :protocol stands for Upgrade and Connection; there is no key.
            return OfferHead("CONNECT", headers, "websocket")
        self._key = b64encode(os.urandom(16)).decode("ascii")
        headers[hdrs.UPGRADE] = "websocket"
        headers[hdrs.CONNECTION] = "Upgrade"
        headers[hdrs.SEC_WEBSOCKET_KEY] = self._key
        return OfferHead("GET", headers, None)

    def confirm(self, response: ResponseHead) -> Agreement:
        """See the contract (RFC 6455 4.1, the server's answer)."""
        if self._version >= HttpVersion20:
            if not 200 <= response.status < 300:
                raise _no_websocket(response, "2xx")
        else:
            self._confirm_upgrade(response)
        options = self._options
        fields = response.headers
        named = fields.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, [])
        # RFC 6455 11.3.4: one field, one name; two are none that was offered.
        subprotocol = ", ".join(named) if named else None
        if subprotocol is not None and subprotocol not in self._offered:
            raise UpgradeRefused(
                f"the server chose the sub-protocol {subprotocol!r:.80}; offered were: "
                f"{', '.join(self._offered) or 'none'}"
            )
        chosen = extensions.parse(fields.getall(hdrs.SEC_WEBSOCKET_EXTENSIONS, []))
        compression = extensions.confirm(chosen, options.compress, options.takeover)
        headers = CIMultiDict(fields)
        terms = Terms(CLIENT, subprotocol, compression)
        return Agreement(response.status, headers, terms, options, self._opener)

    def _confirm_upgrade(self, response: ResponseHead) -> None:
        if response.status != 101:
            raise _no_websocket(response, "101")
        if not _names(response, hdrs.UPGRADE, "websocket"):
            found = response.headers.get(hdrs.UPGRADE)
            raise UpgradeRefused(f"the server upgrades to {found!r:.80}, not to 'websocket'")
        if not _names(response, hdrs.CONNECTION, "upgrade"):
            found = response.headers.get(hdrs.CONNECTION)
            raise UpgradeRefused(f"the server answers Connection: {found!r:.80}, not 'Upgrade'")
        expected = accept_value(self._key)
        accepted = response.headers.getall(hdrs.SEC_WEBSOCKET_ACCEPT, [])
        if accepted != [expected]:
            raise UpgradeRefused(
                f"the server answers Sec-WebSocket-Accept: {', '.join(accepted) or None!r:.80}, "
                f"expected {expected!r}: it did not read the key, or a cache answered in its place"
            )


def accept(request: RequestHead, options: WSOptions, opener: Opener) -> Agreement:
    """A server's answer to `request` (RFC 6455 4.2).

    Raises UpgradeRefused with the status and the fields to answer with: 405 for a method that
    opens no WebSocket, 426 for another version of WebSocket, 403 for an origin that is not in
    `options.origins`, 501 for another :protocol over HTTP/2, 400 for the rest.
    """
    headers: CIMultiDict[str] = CIMultiDict()
    status = 101
    if request.version >= HttpVersion20:
        if request.method != "CONNECT" or request.protocol != "websocket":
            raise UpgradeRefused(
                "no WebSocket: expected CONNECT with :protocol websocket (RFC 8441 4)",
                # RFC 9220 3: for a protocol that is not known.
                status=400 if request.protocol is None else 501,
            )
        status = 200
    else:
        _check_upgrade(request)
    _check_version(request)
    if options.origins is not None:
        _check_origin(request, options.origins)
    if status == 101:
        headers[hdrs.UPGRADE] = "websocket"
        headers[hdrs.CONNECTION] = "Upgrade"
        headers[hdrs.SEC_WEBSOCKET_ACCEPT] = accept_value(_key_of(request))
    subprotocol = _choose(request, options.protocols)
    if subprotocol is not None:
        headers[hdrs.SEC_WEBSOCKET_PROTOCOL] = subprotocol
    compression = None
    offers = extensions.parse(request.headers.getall(hdrs.SEC_WEBSOCKET_EXTENSIONS, []))
    if options.compress:
        answered = extensions.answer(offers, options.compress, options.takeover)
        if answered is not None:
            compression, headers[hdrs.SEC_WEBSOCKET_EXTENSIONS] = answered
    return Agreement(status, headers, Terms(SERVER, subprotocol, compression), options, opener)


def accept_value(key: str) -> str:
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2)."""
    digest = sha1(key.encode("utf-8", "surrogateescape") + _GUID, usedforsecurity=False).digest()
    return b64encode(digest).decode("ascii")


def _check_upgrade(request: RequestHead) -> None:
    if request.method != "GET":
        raise UpgradeRefused(
            f"a WebSocket is opened by GET, not by {request.method} (RFC 6455 4.1)",
            status=405,
            headers={"Allow": "GET"},
        )
    if request.version < HttpVersion11:
        raise UpgradeRefused("a WebSocket needs HTTP/1.1 or later (RFC 6455 4.1)")
    if not _names(request, hdrs.UPGRADE, "websocket"):
        raise UpgradeRefused("no WebSocket: the request has no Upgrade: websocket")
    if not _names(request, hdrs.CONNECTION, "upgrade"):
        raise UpgradeRefused("no WebSocket: the request has no Connection: Upgrade")
    if request.chunked or request.length > 0:
        raise UpgradeRefused("a WebSocket is opened by a request without a body (RFC 6455 4.1)")


def _check_version(request: RequestHead) -> None:
    versions = request.headers.getall(hdrs.SEC_WEBSOCKET_VERSION, [])
    if versions != [VERSION]:
        found = f"{', '.join(versions)!r:.80}" if versions else "none"
        headers: dict[str, str] = {hdrs.SEC_WEBSOCKET_VERSION: VERSION}
        if request.version < HttpVersion20:
            # RFC 9110 7.8: with the connection option, so that no intermediary forwards it. HTTP/2
            # knows neither (RFC 9113 8.2.2).
            headers |= {hdrs.UPGRADE: "websocket", hdrs.CONNECTION: "Upgrade"}
        raise UpgradeRefused(
            f"this server speaks version {VERSION} of WebSocket, asked was: {found}",
            status=426,
            headers=headers,
        )


def _check_origin(request: RequestHead, origins: tuple[str, ...]) -> None:
    # Who sends no Origin is no browser, and could send any: the list protects browsers' users.
    for origin in request.headers.getall(hdrs.ORIGIN, []):
        if origin.lower() not in {each.lower() for each in origins}:
            raise UpgradeRefused(
                f"the origin {origin!r:.80} may not open WebSockets here", status=403
            )


def _key_of(request: RequestHead) -> str:
    keys = request.headers.getall(hdrs.SEC_WEBSOCKET_KEY, [])
    try:
        if len(keys) == 1 and len(keys[0]) == 24 and len(b64decode(keys[0], validate=True)) == 16:
            return keys[0]
    except (binascii.Error, ValueError):
        pass
    raise UpgradeRefused("Sec-WebSocket-Key must be there once, 16 bytes in base64 (RFC 6455 4.1)")


def _choose(request: RequestHead, protocols: tuple[str, ...]) -> str | None:
    """The client's first choice that the server speaks."""
    if not protocols:
        return None
    for asked in _elements(request.headers, hdrs.SEC_WEBSOCKET_PROTOCOL):
        if asked in protocols:
            return asked
    return None


def _elements(headers: MultiMapping[str], name: str) -> list[str]:
    """Of a list; empty ones are to be ignored (RFC 9110 5.6.1)."""
    values = ",".join(headers.getall(name, [])).split(",")
    return [stripped for value in values if (stripped := value.strip(" \t"))]


def _names(head: Head, name: str, wanted: str) -> bool:
    values = head.headers.getall(name, [])
    if len(values) == 1 and values[0].lower() == wanted:
        # As nearly all have it.
        return True
    return wanted in (element.lower() for element in _elements(head.headers, name))


def _no_websocket(response: ResponseHead, expected: str) -> UpgradeRefused:
    return UpgradeRefused(
        f"the server answered {response.status} {response.reason}".rstrip()
        + f", expected {expected}: no WebSocket lives there, or it was refused"
    )
