"""The pure decision: which connection serves, what to open, who waits."""

import gc

import pytest
from aiolos_client.keys import ConnectionKey
from aiolos_client.pool import Pool, Sharing
from hypothesis import given
from hypothesis import strategies as st

A = ConnectionKey("a", 80, False)
B = ConnectionKey("b", 80, False)


def test_the_last_idle_one_serves_first():
    pool = Pool(0, 0)
    a = pool.host(A)
    assert pool.take(a) is None
    assert pool.reserve(a)
    assert pool.reserve(a)
    pool.give_back(a, "one", 1.0)
    pool.give_back(a, "two", 2.0)
    assert pool.take(a) == ("two", 2.0)
    assert pool.take(a) == ("one", 1.0)
    assert pool.take(pool.host(B)) is None


@pytest.mark.parametrize(("limit", "per_host"), [(2, 0), (0, 2)])
def test_a_limit_is_reached_and_left(limit, per_host):
    pool = Pool(limit, per_host)
    a, b = pool.host(A), pool.host(B)
    assert [pool.reserve(a), pool.reserve(a), pool.reserve(a)] == [True, True, False]
    assert pool.reserve(b) is not bool(limit)
    pool.release(a)
    assert pool.reserve(a)


def test_no_more_are_open_than_the_limit():
    pool = Pool(2, 0)
    a, b = pool.host(A), pool.host(B)
    for _ in ("one", "two"):
        pool.reserve(a)
    for link in ("one", "two"):
        pool.give_back(a, link, 0.0)
    assert pool.surplus() is None
    assert pool.reserve(b)
    assert pool.surplus() == "one"
    assert pool.surplus() is None
    assert pool.take(a) == ("two", 0.0)


def test_nothing_stays_of_a_host_without_connections():
    pool = Pool(0, 0)
    gc.collect()
    before = len(gc.get_objects())
    for port in range(1000):
        host = pool.host(ConnectionKey("a", port, False))
        assert pool.reserve(host)
        pool.give_back(host, "one", 0.0)
        assert pool.take(host) == ("one", 0.0)
        pool.release(host)
    del host
    gc.collect()
    assert len(gc.get_objects()) < before + 100


def test_an_idle_one_that_is_gone_is_forgotten():
    pool = Pool(0, 0)
    a = pool.host(A)
    pool.reserve(a)
    pool.give_back(a, "one", 0.0)
    assert pool.forget(a, "one")
    assert not pool.forget(a, "one")
    assert pool.take(a) is None


def test_a_host_is_the_same_for_all_as_long_as_one_holds_it():
    pool = Pool(0, 0)
    a = pool.host(A)
    assert pool.host(ConnectionKey("a", 80, False)) is a
    assert pool.hosts() == [a]
    del a
    gc.collect()
    assert pool.hosts() == []


def test_first_come_first_served_among_those_for_whom_there_is_room():
    pool = Pool(3, 2)
    a, b = pool.host(A), pool.host(B)
    assert pool.reserve(a)
    assert pool.reserve(a)
    assert pool.reserve(b)
    for name, host in (("a1", a), ("a2", a), ("b1", b), ("b2", b)):
        pool.wait(host, name)
    assert pool.is_waited_for()
    assert pool.next_waiting() is None
    # The bound of a host holds back those of that host only.
    pool.release(b)
    assert pool.next_waiting() == (b, "b1")
    assert pool.reserve(b)
    assert pool.next_waiting() is None
    pool.release(a)
    assert pool.next_waiting() == (a, "a1")
    assert pool.reserve(a)
    pool.release(b)
    assert pool.next_waiting() == (b, "b2")


def test_who_leaves_is_passed_over():
    pool = Pool(1, 0)
    a = pool.host(A)
    assert pool.reserve(a)
    first = pool.wait(a, "first")
    pool.wait(a, "second")
    pool.leave(a, first)
    pool.leave(a, first)
    pool.release(a)
    assert pool.next_waiting() == (a, "second")
    assert pool.next_waiting() is None


def test_waiting_and_leaving_leaves_nothing_behind():
    pool = Pool(1, 0)
    a = pool.host(A)
    assert pool.reserve(a)
    for _ in range(1000):
        pool.leave(a, pool.wait(a, "impatient"))
    assert len(pool._next) == 1
    assert not a.waiting


@given(
    st.integers(0, 4),
    st.integers(0, 3),
    st.lists(st.sampled_from(["a", "b", "back", "gone", "leave"]), max_size=80),
)
def test_limits_are_kept_and_nobody_waits_beside_room(limit, per_host, steps):
    pool = Pool(limit, per_host)
    hosts = {"a": pool.host(A), "b": pool.host(B)}
    used = []
    waiting = []
    for number, step in enumerate(steps):
        if step in hosts:
            host = hosts[step]
            taken = pool.take(host)
            if taken is not None:
                used.append((host, taken[0]))
            elif pool.reserve(host):
                used.append((host, number))
            else:
                waiting.append((host, number, pool.wait(host, number)))
        elif step == "leave" and waiting:
            host, _, ticket = waiting.pop()
            pool.leave(host, ticket)
        elif step in ("back", "gone") and used:
            host, link = used.pop(0)
            if step == "back":
                pool.give_back(host, link, 0.0)
            else:
                pool.release(host)
            while (served := pool.next_waiting()) is not None:
                host, waiter = served
                free = [each for each in waiting if pool.has_room(each[0])]
                assert waiter == free[0][1]
                waiting.remove(free[0])
                taken = pool.take(host)
                assert taken is not None or pool.reserve(host)
                used.append((host, waiter if taken is None else taken[0]))
        assert pool.in_use == len(used)
        assert not limit or len(used) <= limit
        assert not per_host or max(host.in_use for host in hosts.values()) <= per_host
        assert not any(pool.has_room(host) for host, _, _ in waiting)
        assert len({link for _, link in used}) == len(used)


class Shared:
    """A connection that many requests share, as the pool sees it."""

    def __init__(self, room):
        self.room = room
        self.in_flight = 0

    def takes(self, expected):
        return self.room + self.in_flight > expected

    def ask(self):
        self.room -= 1
        self.in_flight += 1


def hoping(limit=0, per_host=0):
    pool = Pool(limit, per_host)
    return pool, pool.host(A, Sharing.HOPED)


class TestSharing:
    def test_one_opens_and_the_others_share(self):
        pool, a = hoping()
        assert pool.reserve(a)
        assert not pool.reserve(a)
        pool.opened(a, Shared(100), shares=True)
        link = pool.join(a)
        assert link is pool.join(a)
        assert (pool.in_use, a.in_use) == (1, 3)
        assert pool.reserve(a)

    def test_without_sharing_each_opens_its_own(self):
        pool, a = hoping()
        assert pool.reserve(a)
        pool.opened(a, "one", shares=False)
        assert pool.join(a) is None
        assert [pool.reserve(a), pool.reserve(a)] == [True, True]

    def test_a_failure_lets_all_others_try_at_once(self):
        pool, a = hoping()
        pool.reserve(a)
        pool.wait(a, "two")
        pool.wait(a, "three")
        pool.failed(a)
        for waiter in ("two", "three"):
            assert pool.next_waiting() == (a, waiter)
            assert pool.reserve(a)
        pool.failed(a)
        pool.failed(a)
        # A new start: again one goes first.
        assert [pool.reserve(a), pool.reserve(a)] == [True, False]

    def test_no_more_join_than_there_is_room_for(self):
        pool, a = hoping()
        pool.reserve(a)
        link = Shared(2)
        pool.opened(a, link, shares=True)
        # Nobody has asked yet, but two will.
        assert pool.join(a) is link
        assert pool.join(a) is None
        link.ask()
        assert pool.join(a) is None
        link.ask()
        assert not pool.part(a, link)
        link.in_flight, link.room = 1, 1
        assert pool.join(a) is link

    def test_the_bound_for_one_host_counts_requests(self):
        pool, a = hoping(per_host=2)
        pool.reserve(a)
        link = Shared(100)
        pool.opened(a, link, shares=True)
        assert pool.join(a) is link
        assert pool.join(a) is None
        assert not pool.reserve(a)

    def test_the_bound_of_all_counts_connections(self):
        pool, a = hoping(limit=1)
        pool.reserve(a)
        link = Shared(100)
        pool.opened(a, link, shares=True)
        assert pool.join(a) is link
        assert not pool.reserve(pool.host(B))
        assert not pool.part(a, link)
        assert pool.part(a, link)
        # It is idle, and gives way.
        assert pool.reserve(pool.host(B))
        assert pool.surplus() is link
        assert a.shared == {}
        assert pool.join(a) is None

    def test_an_idle_one_serves_again(self):
        pool, a = hoping(limit=1)
        pool.reserve(a)
        link = Shared(100)
        pool.opened(a, link, shares=True)
        assert pool.part(a, link)
        assert (pool.in_use, a.in_use) == (0, 0)
        assert pool.join(a) is link
        assert (pool.in_use, a.in_use) == (1, 1)
        assert not pool.forget(a, link)

    @pytest.mark.parametrize("requests", [0, 1, 5])
    def test_a_lost_one_takes_its_requests_along(self, requests):
        pool, a = hoping()
        pool.reserve(a)
        link = Shared(100)
        pool.opened(a, link, shares=True)
        for _ in range(requests - 1):
            pool.join(a)
        if not requests:
            pool.part(a, link)
        pool.lose(a, link)
        assert (pool.in_use, a.in_use, a.shared) == (0, 0, {})
        assert pool.surplus() is None


def test_a_host_whose_own_connection_has_room_again_waits_once():
    """It was about to open another one, and found that the first had got room meanwhile."""
    pool = Pool(0, 0)
    host, link = pool.host(A, Sharing.HOPED), Shared(3)
    assert pool.reserve(host)
    pool.opened(host, link, True)
    assert pool.reserve(host)
    pool.borrow(host, host, link)
    assert (host.in_use, pool.in_use, host.shared) == (2, 1, {link: 2})
    assert host.lender is None
    pool.wait(host, "waiter")
    assert pool.sharers(host) == [host]
