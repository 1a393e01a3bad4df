"""The unittest form."""

import unittest
from typing import Any

import pytest
from aiolos_protocol import siblings
from aiolos_testing import AioHTTPTestCase, AiolosTestCase, unittest_run_loop


class Component:
    """contracts.ClientComponent; the cases here ask nothing by it."""

    @staticmethod
    def loopback_session(**options: Any) -> Any:
        raise AssertionError


def outcome(case: type[unittest.TestCase]) -> unittest.TestResult:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


def test_the_application_is_served_around_every_test(
    tiny: Any, fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(siblings._bound, "client", Component)
    apps = []

    class Case(AiolosTestCase):
        async def get_application(self) -> Any:
            apps.append(tiny())
            return apps[-1]

        async def test_it_answers(self) -> None:
            assert self.client.server is self.server
            assert self.app is apps[-1]
            assert b"GET /a" in await fetch(self.client.make_url("/a"))

        @unittest_run_loop
        async def test_it_fails(self) -> None:
            assert self.loop.is_running()
            self.fail("as it should")

    result = outcome(Case)
    assert result.testsRun == 2
    ((failed, text),) = result.failures
    assert "test_it_fails" in failed.id()
    assert "as it should" in text
    assert not result.errors
    assert [app.events for app in apps] == [["setup", "cleanup"]] * 2


def test_a_case_without_application_says_what_it_needs() -> None:
    class Case(AiolosTestCase):
        async def test_it(self) -> None:
            raise AssertionError

    ((_, text),) = outcome(Case).errors
    assert "Case needs 'async def get_application(self)'" in text


def test_it_has_the_name_that_users_of_aiohttp_look_for() -> None:
    assert AioHTTPTestCase is AiolosTestCase


def test_the_older_name_is_a_plain_function(
    tiny: Any, fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(siblings._bound, "client", Component)

    class Case(AioHTTPTestCase):
        def get_app(self) -> Any:
            return tiny()

        async def test_it_answers(self) -> None:
            assert b"GET /a" in await fetch(self.client.make_url("/a"))

    assert outcome(Case).wasSuccessful()


def test_a_plain_function_may_make_it_and_must_return_it(
    tiny: Any, fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(siblings._bound, "client", Component)

    class Plain(AiolosTestCase):
        def get_application(self) -> Any:
            return tiny()

        async def test_it_answers(self) -> None:
            assert b"GET /a" in await fetch(self.client.make_url("/a"))

    class Forgotten(AiolosTestCase):
        async def get_application(self) -> Any:
            tiny()

        async def test_it(self) -> None:
            raise AssertionError

    assert outcome(Plain).wasSuccessful()
    ((_, text),) = outcome(Forgotten).errors
    assert "not None; has 'return app' been forgotten?" in text
