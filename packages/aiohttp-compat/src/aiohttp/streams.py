"""Bodies as they arrive."""

from aiolos.streams import *  # noqa: F403
from aiolos.streams import EMPTY_PAYLOAD, StreamReader
from aiolos.streams import __all__ as __all__


class _Empty(type):
    """EMPTY_PAYLOAD, which bodiless messages have, counts as one."""

    def __instancecheck__(cls, instance: object) -> bool:
        return instance is EMPTY_PAYLOAD or super().__instancecheck__(instance)


class EmptyStreamReader(StreamReader, metaclass=_Empty):
    """A body of no bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.feed_eof()
