"""Digest authentication (RFC 7616); a middleware."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from aiolos_protocol import hdrs
from aiolos_protocol.fields.authorization import (
    Challenge,
    format_credentials,
    parse_challenges,
)
from aiolos_protocol.payload import Payload
from yarl import URL

from .clientrequest import ClientRequest
from .errors import ClientError
from .middlewares import ClientHandlerType
from .response import ClientResponse

# The weakest first; those without a hyphen are how some servers spell them.
_ALGORITHMS: Final = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA256": "sha256",
    "SHA-256": "sha256",
    "SHA512": "sha512",
    "SHA-512": "sha512",
    "SHA-512-256": "sha512_256",
}
# RFC 7616 3.4: these parameters are not quoted.
_BARE: Final = frozenset({"algorithm", "qop", "nc", "stale", "userhash"})

# How many nonces are counted, those used last.
_NONCES: Final = 16


class DigestAuthMiddleware:
    """Answers the Digest challenge of a server, and goes on with it without being asked again.

    `preemptive` False waits for a challenge each time. Of several challenges the strongest is
    answered. One object is for one account; it may serve many requests at once.

    The credentials belong to the origin of the first request, and to what that names as its
    protection space (RFC 7616 3.3); requests to others, redirected ones as well, go by untouched.
    """

    def __init__(self, login: str, password: str, preemptive: bool = True) -> None:
        given: tuple[tuple[str, object], ...] = (("login", login), ("password", password))
        for name, value in given:
            if not isinstance(value, str):
                # Not the value: it may be a secret.
                kind = None if value is None else type(value).__name__
                raise ValueError(f"{kind} is not allowed as {name} value; it is a str")
        if ":" in login:
            raise ValueError('A ":" is not allowed in username (RFC 7616 3.4.2)')
        self._login = login
        self._password = password
        self._preemptive = preemptive
        self._anchor: URL | None = None
        self._challenge: Challenge | None = None
        self._space: list[URL] = []
        # How often each nonce was used: behind one origin there may be several that give them.
        self._counts: OrderedDict[str, int] = OrderedDict()

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """The response to `request`, which is sent a second time behind a challenge."""
        origin = request.url.origin()
        if self._anchor is None:
            self._anchor = origin
        covered = self._covers(request.url)
        if origin != self._anchor and not covered:
            # Whoever redirects there, or asks there, does not hand out these credentials.
            return await handler(request)
        known = self._challenge if self._preemptive and covered else None
        used = ""
        if known is None:
            response = await handler(request)
        else:
            used = known.parameters["nonce"]
            response = await self._answered(request, handler, known)
        if response.status != 401:
            return response
        challenge = strongest(response.headers.getall(hdrs.WWW_AUTHENTICATE, ()))
        if challenge is None or request.is_consumed():
            return response
        stale = challenge.parameters.get("stale", "").lower() == "true"
        if challenge.parameters["nonce"] == used and not stale:
            # These very credentials were refused.
            return response
        self._learn(challenge, request.url)
        response.release()
        return await self._answered(request, handler, challenge)

    async def _answered(
        self, request: ClientRequest, handler: ClientHandlerType, challenge: Challenge
    ) -> ClientResponse:
        """The response to `request` with the answer to `challenge`, which is for it alone: what is
        redirected or repeated has another URI or another count (RFC 7616 3.4)."""
        headers = request.headers
        own = headers.getall(hdrs.AUTHORIZATION, ())
        headers[hdrs.AUTHORIZATION] = await self._credentials(request, challenge)
        try:
            return await handler(request)
        finally:
            headers.popall(hdrs.AUTHORIZATION, None)
            headers.extend((hdrs.AUTHORIZATION, each) for each in own)

    def _learn(self, challenge: Challenge, url: URL) -> None:
        self._challenge = challenge
        if url.origin() != self._anchor:
            return
        origin = url.origin()
        named = (_place(origin, each) for each in challenge.parameters.get("domain", "").split())
        self._space = [each for each in named if each is not None] or [origin]

    def _covers(self, url: URL) -> bool:
        """Whether `url` is in the protection space (RFC 7616 3.3)."""
        for each in self._space:
            if each.origin() == url.origin():
                path = each.raw_path.rstrip("/")
                if url.raw_path == path or url.raw_path.startswith(path + "/") or not path:
                    return True
        return False

    async def _credentials(self, request: ClientRequest, challenge: Challenge) -> str:
        parameters = challenge.parameters
        nonce = parameters["nonce"]
        count = self._counts[nonce] = self._counts.pop(nonce, 0) + 1
        if len(self._counts) > _NONCES:
            self._counts.popitem(last=False)
        body = b""
        if "auth-int" in _options(parameters) and "auth" not in _options(parameters):
            if request.upload is not None and request.upload.codings:
                raise ClientError(
                    f"{request} is asked for Digest with qop=auth-int, which covers the body as it "
                    "is sent: leave compress= out"
                )
            data = request.data
            body = await data.as_bytes() if isinstance(data, Payload) else data
        return answer(
            parameters,
            self._login,
            self._password,
            request.method,
            request.target.path,
            body,
            count,
            secrets.token_hex(8),
        )


def _place(origin: URL, reference: str) -> URL | None:
    """What the server of `origin` names by `reference`; None where that has no origin."""
    try:
        url = origin.join(URL(reference))
        url.origin()
    except ValueError:
        return None
    return url


def strongest(fields: "tuple[str, ...] | list[str]") -> Challenge | None:
    """The best Digest challenge of WWW-Authenticate `fields` that can be answered."""
    ranked = list(_ALGORITHMS)
    found = [
        challenge
        for field in fields
        for challenge in parse_challenges(field)
        if challenge.scheme == "digest"
        and "nonce" in challenge.parameters
        and _algorithm(challenge.parameters)[0] in _ALGORITHMS
        and _is_known(_options(challenge.parameters))
    ]
    return max(found, key=lambda each: ranked.index(_algorithm(each.parameters)[0]), default=None)


def answer(
    parameters: Mapping[str, str],
    login: str,
    password: str,
    method: str,
    uri: str,
    body: bytes,
    count: int,
    cnonce: str,
) -> str:
    """The value of Authorization (RFC 7616 3.4) behind a challenge with `parameters`.

    `uri` is the request's target; `body` counts where only auth-int is offered; `count` is how
    often the nonce was used. ClientError where no quality of protection offered is known.
    """
    algorithm, is_session = _algorithm(parameters)
    realm, nonce = parameters.get("realm", ""), parameters["nonce"]

    def digest(*parts: str) -> str:
        hasher = hashlib.new(_ALGORITHMS[algorithm], usedforsecurity=False)
        # What came as bytes that are no text goes in as the bytes that it was.
        hasher.update(":".join(parts).encode(errors="surrogateescape"))
        return hasher.hexdigest()

    options = _options(parameters)
    if not _is_known(options):
        raise ClientError(f"Digest with qop={parameters['qop']!r:.80} is not known (RFC 7616 3.3)")
    qop = "auth" if "auth" in options else "auth-int" if options else ""
    secret = digest(login, realm, password)
    if is_session:
        secret = digest(secret, nonce, cnonce)
    asked = [method, uri]
    if qop == "auth-int":
        asked.append(hashlib.new(_ALGORITHMS[algorithm], body, usedforsecurity=False).hexdigest())
    middle = [f"{count:08x}", cnonce, qop] if qop else []
    told: dict[str, str] = {"username": login}
    if parameters.get("userhash", "").lower() == "true":
        told["username"] = digest(login, realm)
    told |= {
        "realm": realm,
        "nonce": nonce,
        "uri": uri,
        "response": digest(secret, nonce, *middle, digest(*asked)),
    }
    if "algorithm" in parameters:
        told["algorithm"] = parameters["algorithm"]
    if "opaque" in parameters:
        told["opaque"] = parameters["opaque"]
    if parameters.get("userhash", "").lower() == "true":
        told["userhash"] = "true"
    if qop:
        told |= {"qop": qop, "nc": f"{count:08x}", "cnonce": cnonce}
    return format_credentials("Digest", told, bare=_BARE)


def _algorithm(parameters: Mapping[str, str]) -> tuple[str, bool]:
    """The algorithm's name, and whether it is of the kind -sess."""
    name = parameters.get("algorithm", "MD5").upper()
    return name.removesuffix("-SESS"), name.endswith("-SESS")


def _options(parameters: Mapping[str, str]) -> list[str]:
    return [each.strip().lower() for each in parameters.get("qop", "").split(",") if each.strip()]


def _is_known(options: list[str]) -> bool:
    """Whether one of the qualities of protection is one of ours; none at all is RFC 2069's way."""
    return not options or "auth" in options or "auth-int" in options
