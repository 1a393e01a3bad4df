"""The steps in which a response is sent; who replaces one, by a subclass or a patch, has it called.

The server sends a whole response by one write, unless the response says that it takes more: so do
all that are made while one of the steps is another than ours, and all of a class that has its own.
"""

from abc import ABCMeta
from functools import wraps
from typing import Any, Final

from aiolos_server.errors import HTTPException
from aiolos_server.fileresponse import FileResponse
from aiolos_server.response import BaseResponse, Response, StreamResponse, WholeResponse

from ._heeding import Heeding
from ._mirror import mirror

_STEPS: Final = ("_start", "_prepare_headers", "prepare", "write_eof")
# Those that the server knows nothing of.
_PRIVATE: Final = _STEPS[:2]


class Responses(Heeding, ABCMeta):
    """The metaclass of all responses."""

    def _heed(cls, name: str) -> None:
        if name not in _STEPS:
            return
        if name in _PRIVATE:
            _start_by(cls)
        _send_by_steps()


def give_steps() -> None:
    """Give responses the steps `_start` and `_prepare_headers`, and have all steps heeded."""
    response: Any = BaseResponse
    response._start = _starting(response.prepare)
    response._prepare_headers = _prepare_headers
    response.prepare = _preparing()
    response.__init_subclass__ = classmethod(_subclassed)
    _ORIGINALS.update((name, getattr(Response, name)) for name in _STEPS)
    # The steps of a file call those of a stream.
    for kind in (FileResponse, StreamResponse):
        _OF_FILES.update(((kind, name), getattr(kind, name)) for name in _STEPS)
    _AT_HAND.update(
        (each, vars(each)["is_at_hand"]) for each in (BaseResponse, WholeResponse, FileResponse)
    )
    _heed_all(response)


def _heed_all(cls: Any) -> None:
    if type(cls) is ABCMeta:
        # Both are made in Python, so that one may take the other's place.
        cls.__class__ = Responses
    for each in cls.__subclasses__():
        _heed_all(each)


def mocked_writer_of(response: Any) -> Any:
    """That of a mocked request, which keeps heads; None for a request that a connection carries."""
    if not hasattr(response._exchange, "heads"):
        return None
    return vars(response._req).get("_payload_writer")


def _preparing() -> Any:
    async def prepare(self: Any, request: Any) -> Any:
        """Send the head, by `_start`; once."""
        if not self.prepared:
            self._req = request
            await self._start(request)
            writer = mocked_writer_of(self)
            if writer is not None:
                await mirror(self, writer)
        return self._payload_writer

    return prepare


def _starting(prepare: Any) -> Any:
    async def _start(self: Any, request: Any) -> Any:
        """Send the head, behind `_prepare_headers`."""
        if type(self)._prepare_headers is not _prepare_headers:
            await self.announce(request)
            await self._prepare_headers()
            self.heed()
        return await prepare(self, request)

    return _start


async def _prepare_headers(response: Any) -> None:
    """They are complete, with what the connection adds, where this is called."""


def _subclassed(cls: Any, /, **options: Any) -> None:
    super(BaseResponse, cls).__init_subclass__(**options)
    _start_by(cls)


def _start_by(cls: Any) -> None:
    """A class that has a private step of its own has one which the server is to call."""
    response: Any = BaseResponse
    _by_one_write(cls, all(getattr(cls, each) is getattr(response, each) for each in _PRIVATE))


def _by_one_write(cls: Any, may_be: bool) -> None:
    """Whether the responses of a class may be sent by one write."""
    is_kept_from_it = vars(cls).get("is_at_hand") is _never
    if may_be and is_kept_from_it:
        type.__delattr__(cls, "is_at_hand")
        if cls in _AT_HAND:
            type.__setattr__(cls, "is_at_hand", _AT_HAND[cls])
    elif not may_be and not is_kept_from_it:
        type.__setattr__(cls, "is_at_hand", _never)


def _never(response: Any, request: Any) -> bool:
    """It is to be sent step by step."""
    return False


def _send_by_steps() -> None:
    """Have responses sent step by step where a step is another one now, else by one write."""
    response: Any = Response
    changed = {name for name in _STEPS if getattr(response, name) is not _ORIGINALS[name]}
    # A whole one's end calls that of a stream.
    changed.update(
        name
        for (kind, name), step in _OF_FILES.items()
        if kind is StreamResponse and getattr(kind, name) is not step
    )
    type.__setattr__(response, "__init__", _init_by_steps if changed else _INIT)
    as_ever = all(getattr(kind, name) is step for (kind, name), step in _OF_FILES.items())
    _by_one_write(FileResponse, as_ever)
    # It is a response, but no subclass of one.
    own = vars(HTTPException)
    for name in _STEPS:
        if own.get(name) is not _LENT.get(name):
            # It has been replaced there.
            continue
        if name in changed:
            step = _LENT[name] = getattr(response, name)
            type.__setattr__(HTTPException, name, step)
        elif _LENT.pop(name, None) is not None:
            type.__delattr__(HTTPException, name)


_INIT: Final = Response.__init__
_ORIGINALS: Final[dict[str, Any]] = {}
_LENT: Final[dict[str, Any]] = {}
_OF_FILES: Final[dict[tuple[Any, str], Any]] = {}
# What classes of ours have as is_at_hand().
_AT_HAND: Final[dict[Any, Any]] = {}


@wraps(_INIT)
def _init_by_steps(self: Any, *args: Any, **options: Any) -> None:
    _INIT(self, *args, **options)
    # More than one write is needed.
    self._special = True
