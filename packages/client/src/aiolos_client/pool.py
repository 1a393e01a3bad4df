"""Which connection serves a request: a pure decision over counts, carried out by the connector."""

from collections import OrderedDict
from enum import Enum, auto
from heapq import heappop, heappush
from typing import Any
from weakref import WeakSet, WeakValueDictionary

from .keys import ConnectionKey


class Sharing(Enum):
    """Whether requests to a host wait for one connection that all of them may share (HTTP/2)."""

    NEVER = auto()
    """HTTP/1.1 is spoken, or nothing else is offered."""
    HOPED = auto()
    """One request opens, the others wait and share what it gets."""
    FAILED = auto()
    """HOPED, but the opening failed: whoever waited opens on its own, so that failures take no
    longer together than one."""


class Host:
    """What the pool knows of one key. It lives as long as somebody holds it.

    `idle` maps idle connections to the time since when they are; the last used is the last.
    `shared` maps connections that many requests share to how many these are, 0 included.
    `waiting` maps tickets, which count, to whoever waits, first come first. `in_use` counts
    requests in flight, connections that are being opened included. `streams` is how many requests
    its last shared connection took at once, 0 while that is not known. `lender` is another host and
    a shared connection of its that serves this one, too, where its requests are counted; `apart`
    tells that none may. `borrowers` are the hosts whose lender this one is or was.
    """

    __slots__ = (
        "__weakref__", "apart", "borrowers", "idle", "in_use", "is_tls", "key", "lender", "listed",
        "opening", "shared", "sharing", "streams", "waiting",
    )  # fmt: skip

    def __init__(self, key: ConnectionKey, sharing: Sharing = Sharing.NEVER) -> None:
        self.key = key
        self.is_tls = key.is_ssl
        self.in_use = 0
        self.apart = False
        self.lender: tuple[Host, Any] | None = None
        self.borrowers: WeakSet[Host] | None = None
        self.idle: dict[Any, float] = {}
        self.shared: dict[Any, int] = {}
        self.sharing = sharing
        self.opening = False
        self.streams = 0
        self.waiting: OrderedDict[int, Any] = OrderedDict()
        self.listed = False


class Pool:
    """Counts connections and keeps idle ones.

    `limit` bounds connections in use, and together with the idle ones those that are open;
    `limit_per_host` bounds requests in flight for one key. 0 is no bound.
    """

    def __init__(self, limit: int, limit_per_host: int) -> None:
        self.limit = limit
        self.limit_per_host = limit_per_host
        self.in_use = 0
        self._hosts: WeakValueDictionary[ConnectionKey, Host] = WeakValueDictionary()
        # All idle ones, the least recently used first.
        self._idle: dict[Any, Host] = {}
        self._ticket = 0
        # Hosts with room for their first ticket, by that ticket; each stands here once at most.
        self._next: list[tuple[int, int, Host]] = []

    def host(self, key: ConnectionKey, sharing: Sharing = Sharing.NEVER) -> Host:
        """What is known of `key`; `sharing` is how one that is not known begins."""
        host = self._hosts.get(key)
        if host is None:
            host = self._hosts[key] = Host(key, sharing)
        return host

    def hosts(self) -> list[Host]:
        """All that somebody holds."""
        return list(self._hosts.values())

    # Taking and giving back.

    def has_room(self, host: Host) -> bool:
        """Whether one more connection may be used for `host`."""
        if self.limit and self.in_use >= self.limit:
            return False
        if host.opening and host.sharing is Sharing.HOPED:
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
        """Count one that is to be opened as in use; opened() or release() follows. False: wait."""
        if not self.has_room(host):
            return False
        self.in_use += 1
        host.in_use += 1
        host.opening = True
        return True

    def surplus(self) -> Any:
        """An idle connection to be closed, so that no more than `limit` are open; else None."""
        if self.limit and self._idle and self.in_use + len(self._idle) > self.limit:
            link = next(iter(self._idle))
            host = self._idle.pop(link)
            host.idle.pop(link, None)
            host.shared.pop(link, None)
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
        host.idle.pop(link, None)
        host.shared.pop(link, None)
        return True

    # Opening and sharing.

    def opened(self, host: Host, link: Any, shares: bool) -> None:
        """What was reserved is `link`, in use; `shares` where it takes many requests at once."""
        host.opening = False
        host.sharing = Sharing.HOPED if shares else Sharing.NEVER
        if shares:
            host.shared[link] = 1
        if host.waiting:
            self._list(host)

    def failed(self, host: Host) -> None:
        """What was reserved could not be opened."""
        host.opening = False
        self.release(host)
        if host.sharing is not Sharing.NEVER and not host.shared:
            host.sharing = Sharing.FAILED if host.in_use or host.waiting else Sharing.HOPED

    def join(self, host: Host) -> Any:
        """A shared connection with room for one more request, which it counts; else None."""
        if self.limit_per_host and host.in_use >= self.limit_per_host:
            return None
        for link in host.shared:
            if self._add(host, link):
                return link
        return None if host.lender is None else self._join_lender(host)

    def _join_lender(self, host: Host) -> Any:
        owner, link = host.lender  # type: ignore[misc]
        if link not in owner.shared:
            host.lender = None
            return None
        return link if self._add(owner, link) else None

    def _add(self, host: Host, link: Any) -> bool:
        """Count one more request on the shared `link`, if it takes that."""
        count = host.shared[link]
        if not link.takes(count):
            return False
        if not count:
            if self.limit and self.in_use >= self.limit:
                return False
            self._idle.pop(link, None)
            self.in_use += 1
        host.shared[link] = count + 1
        host.in_use += 1
        return True

    def may_borrow(self, host: Host) -> bool:
        """Whether `host` may use connections of others: not where requests to it are limited,
        which are counted where the connection was opened for."""
        return not (self.limit_per_host or host.apart or host.sharing is Sharing.NEVER)

    def borrow(self, host: Host, owner: Host, link: Any) -> None:
        """In place of what was reserved for `host` it uses the shared `link` of `owner`, too, which
        has room; it may be its own, which had none before."""
        host.opening = False
        host.sharing = Sharing.HOPED
        if owner is not host:
            host.lender = owner, link
            if owner.borrowers is None:
                owner.borrowers = WeakSet()
            owner.borrowers.add(host)
        self.release(host)
        self._add(owner, link)

    def part(self, host: Host, link: Any) -> bool:
        """A request has left the shared `link`; whether it is idle now."""
        count = host.shared[link] = host.shared[link] - 1
        if not count:
            self._idle[link] = host
            self.release(host)
            return True
        host.in_use -= 1
        if host.waiting:
            self._list(host)
        return False

    def lose(self, host: Host, link: Any) -> None:
        """`link` is gone, idle or not, with all requests on it."""
        if self.forget(host, link):
            return
        count = host.shared.pop(link, 1)
        host.in_use -= count - 1
        self.release(host)

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

    def sharers(self, host: Host) -> list[Host]:
        """Those who wait for what `host` shares: itself, and whom it lends to."""
        sharers = [host] if host.waiting else []
        if host.borrowers is not None:
            sharers += [
                each
                for each in host.borrowers
                if each.waiting and each.lender is not None and each.lender[0] is host
            ]
        return sharers

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
