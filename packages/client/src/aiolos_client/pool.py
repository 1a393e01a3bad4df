"""Which connection serves a request: a pure decision over counts, carried out by the connector."""

from collections import OrderedDict
from heapq import heappop, heappush
from typing import Any
from weakref import WeakValueDictionary

from .keys import ConnectionKey


class Host:
    """What the pool knows of one key. It lives as long as somebody holds it.

    `idle` maps idle connections to the time since when they are; the last used is the last.
    `waiting` maps tickets, which count, to whoever waits, first come first.
    """

    __slots__ = ("__weakref__", "idle", "in_use", "key", "listed", "waiting")

    def __init__(self, key: ConnectionKey) -> None:
        self.key = key
        self.in_use = 0
        self.idle: dict[Any, float] = {}
        self.waiting: OrderedDict[int, Any] = OrderedDict()
        self.listed = False


class Pool:
    """Counts connections and keeps idle ones.

    `limit` bounds those in use, and together with the idle ones those that are open;
    `limit_per_host` bounds those in use for one key. 0 is no bound.
    """

    def __init__(self, limit: int, limit_per_host: int) -> None:
        self.limit = limit
        self.limit_per_host = limit_per_host
        self.in_use = 0
        self._hosts: WeakValueDictionary[ConnectionKey, Host] = WeakValueDictionary()
        # All idle ones, the least recently used first.
        self._idle: OrderedDict[Any, Host] = OrderedDict()
        self._ticket = 0
        # Hosts with room for their first ticket, by that ticket; each stands here once at most.
        self._next: list[tuple[int, int, Host]] = []

    def host(self, key: ConnectionKey) -> Host:
        """What is known of `key`."""
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = Host(key)
        return host

    def hosts(self) -> list[Host]:
        """All that somebody holds."""
        return list(self._hosts.values())

    # Taking and giving back.

    def has_room(self, host: Host) -> bool:
        """Whether one more may be used for `host`."""
        if self.limit and self.in_use >= self.limit:
            return False
        return not (self.limit_per_host and host.in_use >= self.limit_per_host)

    def take(self, host: Host) -> tuple[Any, float] | None:
        """An idle connection, in use from now on, with the time since when it was idle.

        None where there is none, or no room; reserve() knows which.
        """
        if not host.idle or not self.has_room(host):
            return None
        taken = host.idle.popitem()
        del self._idle[taken[0]]
        self.in_use += 1
        host.in_use += 1
        return taken

    def reserve(self, host: Host) -> bool:
        """Count one that is to be opened as in use; release() where that fails. False: wait."""
        if not self.has_room(host):
            return False
        self.in_use += 1
        host.in_use += 1
        return True

    def surplus(self) -> Any:
        """An idle connection to be closed, so that no more than `limit` are open; else None."""
        if self.limit and self._idle and self.in_use + len(self._idle) > self.limit:
            link, host = self._idle.popitem(last=False)
            del host.idle[link]
            return link
        return None

    def release(self, host: Host) -> None:
        """One that was in use is so no longer."""
        self.in_use -= 1
        host.in_use -= 1
        if host.waiting:
            self._list(host)

    def give_back(self, host: Host, link: Any, now: float) -> None:
        """`link` is idle from `now` on."""
        host.idle[link] = now
        self._idle[link] = host
        self.release(host)

    def forget(self, host: Host, link: Any) -> bool:
        """An idle connection is gone; False where it was not idle."""
        if self._idle.pop(link, None) is None:
            return False
        del host.idle[link]
        return True

    # Waiting.

    def is_waited_for(self) -> bool:
        """Whether next_waiting() may have an answer."""
        return bool(self._next)

    def wait(self, host: Host, waiter: Any) -> int:
        """Put `waiter` behind all others; its ticket."""
        self._ticket += 1
        host.waiting[self._ticket] = waiter
        if not host.listed:
            self._list(host)
        return self._ticket

    def leave(self, host: Host, ticket: int) -> None:
        """The one with `ticket` waits no longer."""
        host.waiting.pop(ticket, None)

    def next_waiting(self) -> tuple[Host, Any] | None:
        """The one that has waited longest of those for which there is room; it waits no longer."""
        while self._next and not (self.limit and self.in_use >= self.limit):
            listed, _, host = heappop(self._next)
            host.listed = False
            first = next(iter(host.waiting), 0)
            if not first or not self.has_room(host):
                # release() lists it again when there is.
                continue
            if first != listed:
                self._list(host)
                continue
            waiter = host.waiting.pop(first)
            if host.waiting:
                self._list(host)
            return host, waiter
        return None

    def _list(self, host: Host) -> None:
        if not host.listed:
            host.listed = True
            heappush(self._next, (next(iter(host.waiting)), id(host), host))
