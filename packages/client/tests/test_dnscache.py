"""Names that are known for a while."""

import asyncio
import socket

import pytest
from aiolos_client import ClientConnectionError
from aiolos_client.abc import AbstractResolver
from aiolos_client.dnscache import Names


def address(host, family=socket.AF_INET):
    return {"hostname": "a", "host": host, "port": 80, "family": family, "proto": 0, "flags": 0}


class Book(AbstractResolver):
    """Answers with what it was given; waits for `gate` where there is one."""

    def __init__(self, *found, gate=None):
        self.found = list(found)
        self.gate = gate
        self.asked = []

    async def resolve(self, host, port=0, family=socket.AF_INET):
        self.asked.append((host, port, family))
        if self.gate is not None:
            await self.gate.wait()
        if not self.found:
            return []
        return self.found

    async def close(self):
        pass


async def test_a_resolver_may_give_its_answer_bit_by_bit():
    class Generous(Book):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            return iter(await super().resolve(host, port, family))

    found = await names(Generous(address("127.0.0.1"), address("127.0.0.2"))).resolve("a", 80)
    assert [each["host"] for each in found] == ["127.0.0.1", "127.0.0.2"]


class Now:
    now = 100.0

    def __call__(self):
        return self.now


def names(book, ttl=10.0, size=3, now=None):
    return Names(book, socket.AF_INET, ttl, size, now or Now())


def hosts(found):
    return [each["host"] for each in found]


async def test_what_is_known_is_not_asked_again_until_it_is_old():
    now, book = Now(), Book(address("1.1.1.1"))
    cache = names(book, now=now)
    for _ in range(3):
        await cache.resolve("a", 80)
    assert book.asked == [("a", 80, socket.AF_INET)]
    now.now += 10
    await cache.resolve("a", 80)
    assert len(book.asked) == 2


@pytest.mark.parametrize(("ttl", "asked"), [(0, 2), (None, 1)])
async def test_for_good_and_not_at_all(ttl, asked):
    book = Book(address("1.1.1.1"))
    cache = names(book, ttl)
    await cache.resolve("a", 80)
    await cache.resolve("a", 80)
    assert len(book.asked) == asked


async def test_the_cache_is_bounded():
    book = Book(address("1.1.1.1"))
    cache = names(book)
    for host in "abcda":
        await cache.resolve(host, 80)
    assert len(book.asked) == 5
    await cache.resolve("d", 80)
    assert len(book.asked) == 5


async def test_equal_addresses_take_turns():
    six = address("::1", socket.AF_INET6)
    cache = names(Book(address("1.1.1.1"), address("2.2.2.2"), six))
    turns = [hosts(await cache.resolve("a", 80)) for _ in range(3)]
    assert turns == [
        ["1.1.1.1", "2.2.2.2", "::1"],
        ["2.2.2.2", "1.1.1.1", "::1"],
        ["1.1.1.1", "2.2.2.2", "::1"],
    ]


async def test_one_lookup_for_all_who_ask_meanwhile_also_where_one_gives_up():
    book = Book(address("1.1.1.1"), gate=asyncio.Event())
    cache = names(book)
    asking = [asyncio.ensure_future(cache.resolve("a", 80)) for _ in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.sleep(0)
    book.gate.set()
    assert [hosts(each) for each in await asyncio.gather(*asking[1:])] == [["1.1.1.1"]] * 2
    assert len(book.asked) == 1
    with pytest.raises(asyncio.CancelledError):
        await asking[0]


async def test_no_address_is_an_error_that_is_not_kept():
    book = Book()
    cache = names(book)
    for _ in range(2):
        with pytest.raises(OSError, match="no address"):
            await cache.resolve("a", 80)
    assert len(book.asked) == 2


async def test_forgetting():
    book = Book(address("1.1.1.1"))
    cache = names(book)
    await cache.resolve("a", 80)
    await cache.resolve("b", 80)
    cache.forget("a", 80)
    assert (cache.is_known(("a", 80)), cache.is_known(("b", 80))) == (False, True)
    cache.forget()
    assert not cache.is_known(("b", 80))


async def test_closing_ends_lookups():
    cache = names(Book(gate=asyncio.Event()))
    asked = asyncio.ensure_future(cache.resolve("a", 80))
    await asyncio.sleep(0)
    await cache.close()
    with pytest.raises(ClientConnectionError, match="the connector was closed"):
        await asked


async def test_who_is_cancelled_himself_is_so():
    cache = names(Book(gate=asyncio.Event()))
    asked = asyncio.ensure_future(cache.resolve("a", 80))
    await asyncio.sleep(0)
    asked.cancel()
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await asked
