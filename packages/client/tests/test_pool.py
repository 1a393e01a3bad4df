"""The pure decision: which connection serves, what to open, who waits."""

import gc

import pytest
from aiolos_client.keys import ConnectionKey
from aiolos_client.pool import Plan, Pool
from hypothesis import given
from hypothesis import strategies as st

A = ConnectionKey("a", 80, False)
B = ConnectionKey("b", 80, False)


def test_the_last_idle_one_serves_first():
    pool = Pool(0, 0)
    assert pool.take(A) is Plan.OPEN
    assert pool.take(A) is Plan.OPEN
    pool.give_back(A, "one")
    pool.give_back(A, "two")
    assert pool.take(A) == "two"
    assert pool.take(A) == "one"
    assert pool.take(B) is Plan.OPEN


@pytest.mark.parametrize(("limit", "per_host"), [(2, 0), (0, 2)])
def test_a_limit_is_reached_and_left(limit, per_host):
    pool = Pool(limit, per_host)
    assert [pool.take(A), pool.take(A), pool.take(A)] == [Plan.OPEN, Plan.OPEN, Plan.WAIT]
    assert pool.take(B) is (Plan.WAIT if limit else Plan.OPEN)
    pool.give_up(A)
    assert pool.take(A) is Plan.OPEN


def test_nothing_stays_of_a_host_without_connections():
    pool = Pool(0, 0)
    gc.collect()
    before = len(gc.get_objects())
    for port in range(1000):
        key = ConnectionKey("a", port, False)
        pool.take(key)
        pool.give_back(key, "one")
        assert pool.take(key) == "one"
        pool.give_up(key)
    gc.collect()
    assert len(gc.get_objects()) < before + 100


def test_an_idle_one_that_is_gone_is_forgotten():
    pool = Pool(0, 0)
    pool.take(A)
    pool.give_back(A, "one")
    assert pool.idle(A) == ["one"]
    assert pool.forget(A, "one")
    assert not pool.forget(A, "one")
    assert pool.take(A) is Plan.OPEN


@given(st.lists(st.sampled_from(["take a", "take b", "back", "gone"]), max_size=60))
def test_no_more_are_in_use_than_the_limits_allow(steps):
    pool = Pool(4, 3)
    used = []
    for number, step in enumerate(steps):
        if step.startswith("take"):
            key = A if step.endswith("a") else B
            taken = pool.take(key)
            if taken is not Plan.WAIT:
                used.append((key, number if taken is Plan.OPEN else taken))
        elif used:
            key, link = used.pop(0)
            if step == "back":
                pool.give_back(key, link)
            else:
                pool.give_up(key)
        assert pool.in_use == len(used) <= 4
        assert max(len([key for key, _ in used if key == each]) for each in (A, B)) <= 3
        assert len({link for _, link in used}) == len(used)
