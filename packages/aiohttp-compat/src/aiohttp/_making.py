"""How a session's requests and responses are made where the class is somebody's own: as the
original calls it."""

import asyncio
from inspect import Signature, signature
from typing import Any, Final, NamedTuple

import aiolos
from aiolos_client.clientrequest import Target
from aiolos_protocol.message import ResponseHead

from ._heeding import Asked
from ._timers import TimerNoop


class Replaced(NamedTuple):
    """What a class has of its own, by a subclass or by a patch."""

    init: bool
    is_ssl: bool
    steps: tuple[str, ...]


_NOTHING: Final = Replaced(False, False, ())
# Looked up once: this is done for every request.
_NEW: Final[Any] = aiolos.ClientRequest.__new__
_INIT: Final = aiolos.ClientRequest.__init__
_NEW_ANSWER: Final[Any] = aiolos.ClientResponse.__new__
_INIT_ANSWER: Final[Any] = aiolos.ClientResponse.__init__


class Making(Asked, type):
    """The class of ClientRequest and its subclasses.

    A session gives a URL made ready and what goes with it. A class that has an `__init__` of its
    own gets the method, the URL and the original's keywords instead; what it hands on counts.
    """

    @property
    def __signature__(cls) -> Signature:
        made_by: Any = cls.__init__  # type: ignore[misc]  # that of the class itself
        _, *parameters = signature(made_by).parameters.values()
        return Signature(parameters)

    def _heed(cls, name: str) -> None:
        KNOWN.changed()
        super()._heed(name)

    def __call__(cls, method: Any, url: Any, *made: Any, **by_hand: Any) -> Any:
        """A request."""
        age, replaced = cls.__dict__.get("_known", _UNKNOWN)
        if age != KNOWN.age:
            replaced = KNOWN.found(cls)
        if url.__class__ is not Target:
            request = super().__call__(method, url, *made, **by_hand)
        else:
            request = _NEW(cls)
            # One that begins at no time is the head that many share: it is nobody's request.
            is_shared = not made[2]
            if is_shared or not replaced.init:
                _INIT(request, method, url, *made)
            else:
                _make(request, method, url, *made)
            if is_shared or replaced is _NOTHING:
                return request
        if replaced.steps:
            request._take_overridden(replaced.steps)
        if replaced.is_ssl:
            # The one that is made ready is shared with other requests.
            request.target = Target(request.target.url)
            request.target.is_tls = request.is_ssl()
        return request


def _make(
    request: Any,
    method: str,
    target: Target,
    settings: Any,
    session: Any,
    begun: float,
    head: Any = None,
    fields: Any = None,
    data: Any = b"",
) -> None:
    """Have `request` made by its own `__init__`."""
    if fields is None:
        # As the client itself takes them from a shared head.
        shared = aiolos.ClientRequest(method, target, settings, session, begun, head)
        fields = shared.headers
    request._made = (target, settings, session, begun, None, fields, data)
    route = settings.route
    request.__init__(
        method,
        target.url,
        params={},
        headers=fields,
        skip_auto_headers=frozenset(),
        data=data or None,
        cookies={},
        auth=None,
        version=settings.version,
        compress=None,
        chunked=None,
        expect100=False,
        loop=asyncio.get_running_loop(),
        response_class=getattr(session, "_response_class", None),
        proxy=route.proxy,
        proxy_auth=None,
        timer=None,
        session=session,
        ssl=route.ssl,
        proxy_headers=route.proxy_headers,
        traces=[],
        trust_env=False,
        server_hostname=route.server_hostname,
    )


class _Known:
    """What classes have of their own is kept by each itself, which so may go, until one of Making
    is changed."""

    def __init__(self) -> None:
        self.age = 0

    def changed(self) -> None:
        """Look anew."""
        self.age += 1

    def found(self, cls: Any) -> Replaced:
        """What `cls` has of its own."""
        replaced: Replaced = cls.replaced()
        replaced = _NOTHING if replaced == _NOTHING else replaced
        type.__setattr__(cls, "_known", (self.age, replaced))
        return replaced


KNOWN: Final = _Known()
_UNKNOWN: Final = (-1, _NOTHING)


class Answering(Asked, type):
    """The class of ClientResponse and its subclasses.

    A session gives a request, its exchange, the head and the body. A class that has an `__init__`
    of its own gets the method, the URL and the original's keywords instead, of a response that is
    whole already.
    """

    __signature__ = Making.__signature__

    # That of ClientResponse, before anybody patches it.
    _init: Any = None

    def __call__(cls, *made: Any, **by_hand: Any) -> Any:
        """A response."""
        # A request, an exchange, a head and a body; nobody has heads of his own.
        if len(made) != 4 or made[2].__class__ is not ResponseHead:
            return super().__call__(*made, **by_hand)
        response = _NEW_ANSWER(cls)
        _INIT_ANSWER(response, *made)
        response._cache = {}
        if cls.__init__ is not Answering._init:  # type: ignore[misc]  # that of the class itself
            _tell(response, made[0])
        return response


def _tell(response: Any, request: Any) -> None:
    """Have the `__init__` of `response` called as the original does."""
    try:
        response.__init__(
            request.method,
            request.url,
            writer=request.sending,
            continue100=None,
            timer=TimerNoop(),
            request_info=response.request_info,
            traces=[] if request.traces is None else [request.traces],
            loop=asyncio.get_running_loop(),
            session=request.session,
            stream_writer=None,
        )
    except BaseException:
        # Whoever asked never sees it.
        response._released = True
        raise
