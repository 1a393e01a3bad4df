"""From start-up to clean-up: the signals and contexts of an application, and their order.

pre_startup, lifespan and cleanup_ctx entered, on_startup, post_startup;
requests;
pre_shutdown, on_shutdown, post_shutdown;
pre_cleanup, cleanup_ctx left, on_cleanup, lifespan left, post_cleanup, post_signals.
"""

from collections.abc import Hashable, Sequence
from enum import Enum, auto
from functools import partial
from typing import Any, Self

from .abc import AbstractApplication
from .contexts import CleanupContext, Contexts, Lifespan, completed, merged
from .options import function
from .signals import Signal, Signals, positional


class Stage(Enum):
    """Where an application stands; a start-up that fails stays in STARTING."""

    NEW = auto()
    STARTING = auto()
    RUNNING = auto()
    ENDED = auto()


class Lifecycle(AbstractApplication):
    """What an application does as it starts and ends."""

    def __init__(self, lifespan: Lifespan[Any] | None) -> None:
        if lifespan is not None:
            function("lifespan", lifespan, "an async generator function of the application")
        self._lifespan = lifespan
        self._lifespans = Contexts()
        self._cleanup_ctx = CleanupContext()
        self._on_startup: Signal[Any] = Signal(self, "on_startup")
        self._on_shutdown: Signal[Any] = Signal(self, "on_shutdown")
        self._on_cleanup: Signal[Any] = Signal(self, "on_cleanup")
        self._keyed: dict[Hashable, Signal[Any]] = {}
        self._subapps: list[Lifecycle] = []
        self._services: tuple[Any, ...] = ()
        self._stage = Stage.NEW
        self._frozen = False

    @property
    def on_startup(self) -> Signal[Self]:
        """Sent with the application before the first request."""
        return self._on_startup

    @property
    def on_shutdown(self) -> Signal[Self]:
        """Sent with the application when serving ends, before connections are closed."""
        return self._on_shutdown

    @property
    def on_cleanup(self) -> Signal[Self]:
        """Sent with the application after the last request."""
        return self._on_cleanup

    @property
    def cleanup_ctx(self) -> CleanupContext:
        """Async generator functions of the application, or functions that give async context
        managers: entered in their order before on_startup, left in reverse before on_cleanup."""
        return self._cleanup_ctx

    @property
    def frozen(self) -> bool:
        """True once it has been started."""
        return self._frozen

    def signal(self, key: Hashable) -> Signal[Any]:
        """The signal of `key`, made on first use: one of `signals`, or a key of one's own.

        The application's own ones take receivers until it is started, POST_SIGNALS always.
        """
        signal = self._keyed.get(key)
        if signal is None:
            signal = self._keyed[key] = Signal(self, str(key))
            if self._frozen and _is_closed(key):
                signal.freeze()
        return signal

    def join(self, subapp: "Lifecycle") -> None:
        """Start, shut down and clean up `subapp` at this place among the receivers."""
        self._subapps.append(subapp)

        async def start(app: Any) -> None:
            await subapp.startup()

        async def shut_down(app: Any) -> None:
            shutdown = subapp.shutdown
            await shutdown(*(self._services,)[: positional(shutdown, 1)])

        async def clean_up(app: Any) -> None:
            await subapp.cleanup()

        self._on_startup.append(start)
        self._on_shutdown.append(shut_down)
        self._on_cleanup.append(clean_up)

    def freeze_signals(self) -> None:
        """Take no more receivers of what has a property of its own."""
        self._cleanup_ctx.freeze()
        for signal in (self._on_startup, self._on_shutdown, self._on_cleanup):
            signal.freeze()

    def freeze_keyed(self) -> None:
        """Take no more receivers of app.signal()'s own keys, but for POST_SIGNALS."""
        for key, signal in self._keyed.items():
            if _is_closed(key):
                signal.freeze()

    async def startup(self) -> None:
        """See AbstractApplication."""
        self._stage = Stage.STARTING
        await self._tell(Signals.PRE_STARTUP)
        if self._lifespan is not None:
            merged(self, await self._lifespans.enter(self._lifespan, self))
        await self._cleanup_ctx.enter(self)
        self._on_startup.freeze()
        await self._on_startup.send(self)
        await self._tell(Signals.POST_STARTUP)
        self._stage = Stage.RUNNING

    async def shutdown(self, services: Sequence[Any] = ()) -> None:
        """See AbstractApplication."""
        self._services = tuple(services)
        pre_shutdown = self._keyed.get(Signals.PRE_SHUTDOWN)
        if pre_shutdown is not None:
            await pre_shutdown.send_fitting(self, self._services)
        await self._on_shutdown.send(self)
        await self._tell(Signals.POST_SHUTDOWN)

    async def cleanup(self) -> None:
        """See AbstractApplication.

        Everything is done, whatever fails; then the error is raised, or CleanupError for several.
        Behind a start-up that failed only what had begun is ended.
        """
        stage, self._stage = self._stage, Stage.ENDED
        if stage is Stage.ENDED:
            return
        if stage is Stage.RUNNING or (stage is Stage.NEW and self._on_cleanup.frozen):
            await completed(
                partial(self._tell, Signals.PRE_CLEANUP),
                self._cleanup_ctx.leave,
                partial(self._on_cleanup.send, self),
                self._lifespans.leave,
                partial(self._tell, Signals.POST_CLEANUP),
                partial(self._tell, Signals.POST_SIGNALS),
            )
        else:
            begun = [each.cleanup for each in self._subapps if each._stage is not Stage.NEW]
            await completed(self._cleanup_ctx.leave, *begun, self._lifespans.leave)

    async def _tell(self, key: Signals) -> None:
        signal = self._keyed.get(key)
        if signal is not None:
            await signal.send(self)


def _is_closed(key: Hashable) -> bool:
    return isinstance(key, Signals) and key is not Signals.POST_SIGNALS
