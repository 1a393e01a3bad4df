"""Which connection serves a request: a pure decision over counts, carried out by the connector."""

from collections import OrderedDict
from enum import Enum
from typing import Generic, TypeVar

from .keys import ConnectionKey

_Link = TypeVar("_Link")


class Plan(Enum):
    """What to do where no idle connection is there."""

    OPEN = "open"
    WAIT = "wait"


class Pool(Generic[_Link]):
    """Counts connections in use and keeps idle ones, the last used first.

    `limit` bounds those in use, `limit_per_host` those of one key; 0 is no bound. Idle ones do
    not count.
    """

    def __init__(self, limit: int, limit_per_host: int) -> None:
        self.limit = limit
        self.limit_per_host = limit_per_host
        self.in_use = 0
        self._in_use: dict[ConnectionKey, int] = {}
        self._idle: OrderedDict[ConnectionKey, list[_Link]] = OrderedDict()

    def take(self, key: ConnectionKey) -> _Link | Plan:
        """An idle connection for `key`, from now on in use, or what to do instead.

        OPEN counts as in use from now on; give_up() where opening fails.
        """
        used = self._in_use.get(key, 0)
        if (self.limit and self.in_use >= self.limit) or (
            self.limit_per_host and used >= self.limit_per_host
        ):
            return Plan.WAIT
        self.in_use += 1
        self._in_use[key] = used + 1
        idle = self._idle.get(key)
        if idle is None:
            return Plan.OPEN
        link = idle.pop()
        if not idle:
            # A crawler asks a million hosts: nothing stays of those that it has left.
            del self._idle[key]
        return link

    def give_back(self, key: ConnectionKey, link: _Link) -> None:
        """`link` is idle now."""
        self.give_up(key)
        self._idle.setdefault(key, []).append(link)

    def give_up(self, key: ConnectionKey) -> None:
        """One that was in use is gone."""
        self.in_use -= 1
        used = self._in_use[key] - 1
        if used:
            self._in_use[key] = used
        else:
            del self._in_use[key]

    def forget(self, key: ConnectionKey, link: _Link) -> bool:
        """An idle connection is gone; False where it was not idle."""
        idle = self._idle.get(key)
        if idle is None or link not in idle:
            return False
        idle.remove(link)
        if not idle:
            del self._idle[key]
        return True

    def idle(self, key: ConnectionKey) -> list[_Link]:
        """The idle connections of `key`."""
        return list(self._idle.get(key, ()))
