"""Addresses that are known for a while, and one lookup for all who ask meanwhile."""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from inspect import isawaitable
from math import inf
from typing import Any

from .abc import AbstractResolver, ResolveResult
from .addresses import check_found
from .errors import ClientConnectionError
from .tracing import (
    TraceDnsCacheHitParams,
    TraceDnsCacheMissParams,
    TraceDnsResolveHostEndParams,
    TraceDnsResolveHostStartParams,
    Traces,
)

_Key = tuple[str, int]


class Names:
    """Looks names up by `resolver`, keeping what it finds for `ttl` seconds (None: for good,
    0: not at all), `size` names at most, the last asked for. `now` gives the time."""

    def __init__(
        self,
        resolver: AbstractResolver,
        family: int,
        ttl: float | None,
        size: int,
        now: Callable[[], float],
    ) -> None:
        self._resolver = resolver
        self._family = family
        self._ttl = inf if ttl is None else ttl
        self._size = size
        self._now = now
        self._known: OrderedDict[_Key, tuple[float, Sequence[ResolveResult], int]] = OrderedDict()
        self._asked: dict[_Key, asyncio.Task[list[ResolveResult]]] = {}

    async def resolve(
        self, host: str, port: int, traces: Traces | None = None
    ) -> list[ResolveResult]:
        """The addresses of `host`, of several equal ones another first each time.

        Raises OSError where there are none, ClientConnectionError where close() came first. Who is
        cancelled leaves the lookup to the others.
        """
        key = (host, port)
        known = self._find(key)
        if known is not None:
            if traces is not None:
                await traces.send("on_dns_cache_hit", TraceDnsCacheHitParams(host))
            return known
        if traces is not None:
            if self._ttl:
                await traces.send("on_dns_cache_miss", TraceDnsCacheMissParams(host))
            await traces.send("on_dns_resolvehost_start", TraceDnsResolveHostStartParams(host))
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.ensure_future(self._ask(key))
            asked.add_done_callback(_noticed)
        try:
            found = await asyncio.shield(asked)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if asked.cancelled() and task is not None and not task.cancelling():
                raise ClientConnectionError(
                    "the look-up was cancelled: the connector was closed, or its resolver gave up"
                ) from None
            raise
        if traces is not None:
            await traces.send("on_dns_resolvehost_end", TraceDnsResolveHostEndParams(host))
        return list(found)

    def _find(self, key: _Key) -> list[ResolveResult] | None:
        entry = self._known.get(key)
        if entry is None:
            return None
        until, found, turn = entry
        if until <= self._now():
            del self._known[key]
            return None
        self._known.move_to_end(key)
        # Only among those of one kind: the resolver has sorted by what works best (RFC 6724).
        equal = next(
            (n for n, each in enumerate(found) if each["family"] != found[0]["family"]), len(found)
        )
        turn = (turn + 1) % equal
        self._known[key] = until, found, turn
        return [*found[turn:equal], *found[:turn], *found[equal:]]

    async def _ask(self, key: _Key) -> list[ResolveResult]:
        host, port = key
        try:
            answer: Any = self._resolver.resolve(host, port, family=_family(self._family))
            given: Any = await answer if isawaitable(answer) else answer
            # What gives its members once is looked at twice.
            found: list[ResolveResult] = list(given) if isinstance(given, Iterator) else given
            check_found(found, self._resolver, host)
            if not found:
                raise OSError(None, "the name has no address")
            if self._ttl and self._size:
                self._known[key] = self._now() + self._ttl, tuple(found), 0
                if len(self._known) > self._size:
                    self._known.popitem(last=False)
            return found
        finally:
            del self._asked[key]

    def forget(self, host: str | None = None, port: int | None = None) -> None:
        """Forget everything, or what is known of `host` and `port`."""
        if host is None:
            self._known.clear()
        else:
            self._known.pop((host, port or 0), None)

    def is_known(self, key: _Key) -> bool:
        """Whether the addresses of (host, port) are in the cache."""
        return key in self._known

    async def close(self) -> None:
        """End the lookups that are under way."""
        asked = list(self._asked.values())
        for each in asked:
            each.cancel()
        if asked:
            await asyncio.wait(asked)


def _family(family: int) -> socket.AddressFamily:
    return socket.AddressFamily(family)


def _noticed(task: "asyncio.Task[Any]") -> None:
    """Whoever asked may be gone: an exception that nobody fetches is not worth a warning."""
    if not task.cancelled():
        task.exception()
