"""Hooks: async tests and fixtures that nobody else runs, and what comes behind every test."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

import pytest

from .owner import RUNNER, is_ours, pytest_asyncio, runner_of

CHECKS: Final = pytest.StashKey[list[Callable[[], None]]]()


# Innermost: what another plugin takes is no coroutine function any more when it comes here.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """Run the async fixtures of our tests in the loop of the test."""
    function = fixturedef.func
    is_generator = inspect.isasyncgenfunction(function)
    if not is_generator and not inspect.iscoroutinefunction(function):
        return (yield)
    if fixturedef.scope != "function":
        if pytest_asyncio(request.config) is None:
            _refuse(fixturedef)
        return (yield)
    if not is_ours(request.node):
        return (yield)
    run = runner_of(request.node).run
    bound = _bound(function, request.instance)
    replaced: Any = fixturedef
    replaced.func = _generator(bound, run) if is_generator else _coroutine(bound, run)
    try:
        return (yield)
    finally:
        replaced.func = function


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine function; those of other plugins have been called before, or are marked."""
    if not is_ours(pyfuncitem):
        return None
    function = pyfuncitem.obj
    property_test = getattr(function, "hypothesis", None)
    if property_test is not None:
        # Hypothesis itself is no coroutine function, and calls the inner one again and again.
        inner = getattr(property_test.inner_test, "aiolos_original", property_test.inner_test)
        if inspect.iscoroutinefunction(inner):
            property_test.inner_test = _coroutine(inner, runner_of(pyfuncitem).run)
        return None
    if not inspect.iscoroutinefunction(function):
        return None
    arguments = {
        name: pyfuncitem.funcargs[name]
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty and name in pyfuncitem.funcargs
    }
    runner_of(pyfuncitem).run(function(**arguments))
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Ask what the fixtures noticed: then it is the test that fails.

    A test that fails by something else gets it as a note: it may well be the cause.
    """
    __tracebackhide__ = True
    checks = item.stash.get(CHECKS, ())
    try:
        result = yield
    except (Exception, pytest.fail.Exception) as failure:
        for check in checks:
            try:
                check()
            except AssertionError as noticed:
                failure.add_note(str(noticed))
        raise
    for check in checks:
        check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Close the loop behind the last fixture."""
    try:
        return (yield)
    finally:
        runner = item.stash.get(RUNNER, None)
        if runner is not None:
            del item.stash[RUNNER]
            if not runner.get_loop().is_closed():
                runner.close()


def _refuse(fixturedef: pytest.FixtureDef[Any]) -> None:
    """A wider scope outlives the loop of a test."""
    pytest.fail(
        f"the async fixture {fixturedef.argname!r} has the scope {fixturedef.scope!r}; without "
        "pytest-asyncio or anyio only those of scope 'function' are run: give it that scope, or "
        "install pytest-asyncio",
        pytrace=False,
    )


def _bound(function: Any, instance: Any) -> Any:
    """A fixture that is a method, bound to the instance of the test, as pytest does itself."""
    if inspect.ismethod(function) and type(function.__self__) is type(instance):
        return function.__func__.__get__(instance)
    return function


def _coroutine(function: Callable[..., Any], run: Callable[[Any], Any]) -> Callable[..., Any]:
    def synchronous(*arguments: Any, **options: Any) -> Any:
        return run(function(*arguments, **options))

    synchronous.aiolos_original = function  # type: ignore[attr-defined]
    return synchronous


def _generator(function: Callable[..., Any], run: Callable[[Any], Any]) -> Callable[..., Any]:
    def synchronous(*arguments: Any, **options: Any) -> Iterator[Any]:
        generator = function(*arguments, **options)
        yield run(_next_of(generator))
        try:
            run(_next_of(generator))
        except StopAsyncIteration:
            return
        pytest.fail(f"the async fixture {function.__name__!r} yields more than once")

    return synchronous


async def _next_of(generator: Any) -> Any:
    return await anext(generator)
