"""Where an unread request body goes once the answer is out."""

from multidict import CIMultiDict

from ..errors import LimitExceeded
from ..limits import Limits


class Discard:
    """A framing.Sink that keeps nothing, and takes `Limits.lingering` bytes at the most."""

    __slots__ = ("_left", "_limits", "total_bytes")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.lingering
        self.total_bytes = 0

    def feed_data(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise LimitExceeded("lingering", self._limits.lingering)

    def feed_chunks(self, pieces: list[bytes], whole: bool) -> None:
        self.feed_data(b"".join(pieces))

    def feed_trailers(self, trailers: "CIMultiDict[str]") -> None:
        pass

    def feed_eof(self) -> None:
        pass

    def set_exception(self, exc: BaseException) -> None:
        pass
