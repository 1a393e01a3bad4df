"""A WebSocket whose primitives are an engine's."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Coroutine, Iterable
from typing import Any, Final

from .interface import WebSocket, WSListener
from .messages import WSCloseCode, WSMsgType, WSReceived
from .outgoing import WSFragment

_SHORT_CUTS: Final = ("receive", "send_bytes", "send_frame", "send_str")


class ForwardingWebSocket(WebSocket):
    """A WebSocket whose primitives are an engine's; the base of both façades.

    Using it before `_open()` is a RuntimeError.
    """

    # No slots and no __init__: façades mix this in beside a base that has its own.
    _engine: WebSocket | None = None

    @property
    def engine(self) -> WebSocket | None:
        """What it forwards to, None before the handshake; for what the façade does not offer."""
        return self._engine

    def _open(self, engine: WebSocket) -> None:
        """The handshake is done."""
        self._engine = engine
        for name in _SHORT_CUTS:
            # Unless a subclass has its own, the engine's verb is the object's verb.
            if getattr(type(self), name) is getattr(ForwardingWebSocket, name):
                self.__dict__[name] = getattr(engine, name)

    def _opened(self) -> WebSocket:
        engine = self._engine
        if engine is None:
            raise RuntimeError("the WebSocket is not open yet: call and await prepare() first")
        return engine

    @property
    def closed(self) -> bool:
        return self._engine is not None and self._engine.closed

    @property
    def close_code(self) -> int | None:
        return None if self._engine is None else self._engine.close_code

    @property
    def protocol(self) -> str | None:
        return None if self._engine is None else self._engine.protocol

    @property
    def compress(self) -> int:
        return 0 if self._engine is None else self._engine.compress

    def exception(self) -> BaseException | None:
        return None if self._engine is None else self._engine.exception()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default if self._engine is None else self._engine.get_extra_info(name, default)

    def receive(self, timeout: float | None = None) -> Awaitable[WSReceived]:
        return self._opened().receive(timeout)

    def send_frame(
        self,
        message: bytes | bytearray | memoryview,
        opcode: WSMsgType,
        compress: int | None = None,
    ) -> Awaitable[None]:
        return self._opened().send_frame(message, opcode, compress)

    def close(
        self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True
    ) -> Awaitable[bool]:
        return self._opened().close(code=code, message=message, drain=drain)

    # What follows from those, where the engine has a shorter way.

    def send_str(self, data: str, compress: int | None = None) -> Awaitable[None]:
        return self._opened().send_str(data, compress)

    def send_bytes(
        self, data: bytes | bytearray | memoryview, compress: int | None = None
    ) -> Awaitable[None]:
        return self._opened().send_bytes(data, compress)

    def send_fragments(
        self,
        fragments: "Iterable[WSFragment] | AsyncIterable[WSFragment]",
        compress: int | None = None,
    ) -> "Coroutine[Any, Any, None]":
        return self._opened().send_fragments(fragments, compress)

    def receive_fragments(self) -> "AsyncIterator[str | bytes]":
        return self._opened().receive_fragments()

    def listen(self, listener: WSListener) -> "Coroutine[Any, Any, None]":
        return self._opened().listen(listener)

    def __aiter__(self) -> "AsyncIterator[WSReceived]":
        own = type(self)
        if (
            own.receive is ForwardingWebSocket.receive
            and own.__anext__ is ForwardingWebSocket.__anext__
        ):
            # Nobody has overridden anything: the loop talks to the engine itself.
            return self._opened().__aiter__()
        return self
