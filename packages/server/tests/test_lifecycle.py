"""Start-up, shutdown and clean-up: their order, and what happens when one of them fails."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiolos_server import signals, web

Running = Callable[..., Any]


def noting(seen: list[Any], word: str) -> Any:
    async def note(*args: Any) -> None:
        seen.append(word)

    return note


def context(seen: list[Any], word: str, *, fails: str = "") -> Any:
    async def generator(app: web.Application) -> AsyncIterator[None]:
        seen.append(f"{word} in")
        if fails == "in":
            raise KeyError(word)
        yield
        seen.append(f"{word} out")
        if fails == "out":
            raise KeyError(word)

    return generator


async def test_the_whole_order(running: Running) -> None:
    seen: list[Any] = []

    async def lifespan(app: web.Application) -> AsyncIterator[None]:
        seen.append("lifespan in")
        yield
        seen.append("lifespan out")

    app = web.Application(lifespan=lifespan)
    app.cleanup_ctx.append(context(seen, "one"))
    app.cleanup_ctx.append(context(seen, "two"))
    app.on_startup.append(noting(seen, "on_startup"))
    app.on_shutdown.append(noting(seen, "on_shutdown"))
    app.on_cleanup.append(noting(seen, "on_cleanup"))
    for key in web.Signals:
        app.signal(key).append(noting(seen, key.value))
    async with running(app):
        seen.append("serving")
    assert seen == [
        "pre_startup",
        "lifespan in",
        "one in",
        "two in",
        "on_startup",
        "post_startup",
        "serving",
        "pre_shutdown",
        "on_shutdown",
        "post_shutdown",
        "pre_cleanup",
        "two out",
        "one out",
        "on_cleanup",
        "lifespan out",
        "post_cleanup",
        "post_signals",
    ]


async def test_sig_02_an_async_generator_in_cleanup_ctx(running: Running) -> None:
    async def pool(app: web.Application) -> AsyncIterator[None]:
        app["pool"] = pool = ["open"]
        yield
        pool[0] = "closed"

    app = web.Application()
    app.cleanup_ctx.append(pool)
    async with running(app):
        assert app["pool"] == ["open"]
        held = app["pool"]
    assert held == ["closed"]


async def test_sig_02_an_async_context_manager_in_cleanup_ctx(running: Running) -> None:
    seen: list[str] = []

    @contextlib.asynccontextmanager
    async def pool(app: web.Application) -> AsyncIterator[None]:
        seen.append("in")
        yield
        seen.append("out")

    app = web.Application()
    app.cleanup_ctx.append(pool)
    async with running(app):
        assert seen == ["in"]
    assert seen == ["in", "out"]


@pytest.mark.parametrize("name", ["lifespanContext", "lifespan_context"])
async def test_sig_03_a_decorated_lifespan(name: str, running: Running) -> None:
    seen: list[str] = []

    @getattr(web, name)
    async def lifespan(app: web.Application) -> AsyncIterator[dict[str, Any]]:
        seen.append("in")
        yield {"db": "pool"}
        seen.append("out")

    app = web.Application(lifespan=lifespan)
    app.on_startup.append(noting(seen, "on_startup"))
    app.on_cleanup.append(noting(seen, "on_cleanup"))
    async with running(app):
        assert app["db"] == "pool"
    assert seen == ["in", "on_startup", "on_cleanup", "out"]
    again = web.Application()
    again.cleanup_ctx.append(lifespan)
    async with running(again):
        pass
    assert seen[4:] == ["in", "out"]


async def test_sig_03_a_class_as_lifespan(running: Running) -> None:
    seen: list[Any] = []

    class Lifespan:
        def __init__(self, app: web.Application) -> None:
            self.app = app

        async def __aenter__(self) -> dict[str, Any]:
            seen.append("in")
            return {"x": 1}

        async def __aexit__(self, *exc: object) -> None:
            seen.append("out")

    app = web.Application(lifespan=Lifespan)
    async with running(app):
        assert app["x"] == 1
    assert seen == ["in", "out"]


async def test_sig_03_what_is_no_lifespan(running: Running) -> None:
    async def no_yield(app: web.Application) -> None:
        pass

    with pytest.raises(TypeError, match=r"no_yield \(test_lifecycle.py, line \d+\) must be"):
        async with running(web.Application(lifespan=no_yield)):
            pass
    with pytest.raises(TypeError, match="async generator function"):
        web.lifespan_context(no_yield)


async def test_a_generator_yields_once(running: Running) -> None:
    async def twice(app: web.Application) -> AsyncIterator[None]:
        yield
        yield

    async def never(app: web.Application) -> AsyncIterator[None]:
        if app is None:
            yield

    app = web.Application()
    app.cleanup_ctx.append(twice)
    with pytest.raises(RuntimeError, match=r"twice .*more than one 'yield'"):
        async with running(app):
            pass
    app = web.Application()
    app.cleanup_ctx.append(never)
    with pytest.raises(RuntimeError, match=r"never .*did not yield"):
        async with running(app):
            pass


async def test_sig_04_the_sites_that_are_stopped(running: Running) -> None:
    seen: list[Any] = []

    async def both(app: web.Application, services: Any) -> None:
        seen.append((app, len(services), isinstance(services, tuple)))

    async def one(app: web.Application) -> None:
        seen.append(app)

    app = web.Application()
    app.signal(signals.pre_shutdown).append(both)
    app.signal(signals.pre_shutdown).append(one)
    app.on_shutdown.append(noting(seen, "on_shutdown"))
    async with running(app):
        pass
    assert seen == [(app, 1, True), app, "on_shutdown"]


async def test_sig_04_a_key_of_ones_own() -> None:
    seen: list[Any] = []

    async def receive(*args: Any) -> None:
        seen.append(args)

    app = web.Application()
    signal = app.signal(("my", "key"))
    assert app.signal(("my", "key")) is signal
    signal.append(receive)
    await signal.send(1, 2)
    app.freeze()
    await signal.send(3)
    assert seen == [(1, 2), (3,)]


def test_sig_05_members_equal_the_keys() -> None:
    assert signals.pre_startup == web.Signals.PRE_STARTUP
    assert signals.post_startup == web.Signals.POST_STARTUP
    assert signals.pre_shutdown == web.Signals.PRE_SHUTDOWN
    assert signals.post_shutdown == web.Signals.POST_SHUTDOWN
    assert signals.pre_cleanup == web.Signals.PRE_CLEANUP
    assert signals.post_cleanup == web.Signals.POST_CLEANUP
    assert signals.post_signals == web.Signals.POST_SIGNALS
    app = web.Application()
    assert app.signal(signals.pre_startup) is app.signal(web.Signals.PRE_STARTUP)


async def test_sig_05_post_signals_come_last(running: Running) -> None:
    seen: list[str] = []
    app = web.Application(lifespan=web.lifespan_context(context(seen, "lifespan")))
    app.on_cleanup.append(noting(seen, "on_cleanup"))
    app.signal(web.Signals.POST_SIGNALS).append(noting(seen, "post"))
    async with running(app):
        pass
    assert seen[-2:] == ["lifespan out", "post"]


async def test_sig_06_post_signals_take_receivers_for_ever(running: Running) -> None:
    seen: list[str] = []
    app = web.Application()
    async with running(app):
        with pytest.raises(RuntimeError):
            app.signal(signals.pre_cleanup).append(noting(seen, "late"))
    app.signal(web.Signals.POST_SIGNALS).append(noting(seen, "post"))
    assert seen == []


async def test_a_receiver_that_is_no_coroutine_function(running: Running) -> None:
    def plain(app: web.Application) -> None:
        pass

    app = web.Application()
    app.on_startup.append(plain)
    with pytest.raises(
        TypeError, match=r"plain \(test_lifecycle.py, line \d+\), a receiver of on_startup"
    ):
        async with running(app):
            pass


async def test_a_start_up_that_fails_ends_what_had_begun(running: Running) -> None:
    seen: list[str] = []
    sub = web.Application()
    sub.cleanup_ctx.append(context(seen, "sub"))
    sub.on_cleanup.append(noting(seen, "sub cleanup"))
    never = web.Application()
    never.on_cleanup.append(noting(seen, "never cleanup"))

    async def fail(app: web.Application) -> None:
        raise KeyError("start")

    app = web.Application(lifespan=context(seen, "lifespan"))
    app.cleanup_ctx.append(context(seen, "root"))
    app.add_subapp("/sub", sub)
    app.on_startup.append(fail)
    app.add_subapp("/never", never)
    app.on_cleanup.append(noting(seen, "root cleanup"))
    with pytest.raises(KeyError, match="start"):
        async with running(app):
            pass
    assert seen == [
        "lifespan in",
        "root in",
        "sub in",
        "root out",
        "sub out",
        "sub cleanup",
        "lifespan out",
    ]


async def test_a_context_that_fails_leaves_the_ones_before(running: Running) -> None:
    seen: list[str] = []
    app = web.Application()
    app.cleanup_ctx.append(context(seen, "one"))
    app.cleanup_ctx.append(context(seen, "two", fails="in"))
    app.cleanup_ctx.append(context(seen, "three"))
    with pytest.raises(KeyError, match="two"):
        async with running(app):
            pass
    assert seen == ["one in", "two in", "one out"]


async def test_a_clean_up_is_gone_through_whatever_fails(running: Running) -> None:
    seen: list[str] = []

    async def fail(app: web.Application) -> None:
        seen.append("on_cleanup")
        raise KeyError("cleanup")

    app = web.Application(lifespan=context(seen, "lifespan", fails="out"))
    app.cleanup_ctx.append(context(seen, "one", fails="out"))
    app.cleanup_ctx.append(context(seen, "two", fails="out"))
    app.on_cleanup.append(fail)
    with pytest.raises(web.CleanupError) as raised:
        async with running(app):
            seen.clear()
    assert seen == ["two out", "one out", "on_cleanup", "lifespan out"]
    assert [error.args for error in raised.value.exceptions] == [
        ("two",),
        ("one",),
        ("cleanup",),
        ("lifespan",),
    ]


async def test_one_failure_is_raised_as_it_is(running: Running) -> None:
    app = web.Application()
    app.cleanup_ctx.append(context([], "one", fails="out"))
    with pytest.raises(KeyError, match="one"):
        async with running(app):
            pass


async def test_sub_applications_start_where_they_were_added(running: Running) -> None:
    seen: list[str] = []
    sub = web.Application()
    for name in ("startup", "shutdown", "cleanup"):
        getattr(sub, f"on_{name}").append(noting(seen, f"sub {name}"))
    app = web.Application()
    for name in ("startup", "shutdown", "cleanup"):
        getattr(app, f"on_{name}").append(noting(seen, f"before {name}"))
    app.add_subapp("/sub", sub)
    for name in ("startup", "shutdown", "cleanup"):
        getattr(app, f"on_{name}").append(noting(seen, f"after {name}"))
    async with running(app):
        pass
    assert seen == [
        f"{who} {name}"
        for name in ("startup", "shutdown", "cleanup")
        for who in ("before", "sub", "after")
    ]


async def test_without_a_runner(running: Running) -> None:
    seen: list[str] = []
    app = web.Application()
    app.on_cleanup.append(noting(seen, "cleanup"))
    app.freeze()
    await app.startup()
    await app.shutdown()
    await app.cleanup()
    await app.cleanup()
    assert seen == ["cleanup"]


def test_signals_show_what_they_are() -> None:
    app = web.Application()
    assert repr(app.on_startup) == "<Signal on_startup, 0 receivers>"
    app.freeze()
    assert "frozen" in repr(app.on_startup)
