"""The start and the end of an ASGI application (ASGI lifespan 2.0)."""

import asyncio
from typing import Any, Final

from .scope import AsgiApplication, Message

_STARTUP: Final = "lifespan.startup"
_SHUTDOWN: Final = "lifespan.shutdown"


class Lifespan:
    """Runs an application's lifespan in a task of its own; `state` is shared with every request.

    One that raises before it has answered has none, which is no error.
    """

    def __init__(self, app: AsgiApplication) -> None:
        self._app = app
        self.state: dict[str, Any] = {}
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._answer: asyncio.Future[Message] | None = None
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """RuntimeError, with the application's own words, where it says that it has failed."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        await self._tell(_STARTUP)

    async def shutdown(self) -> None:
        """Behind a startup(); once. RuntimeError as there."""
        task, self._task = self._task, None
        if task is None:
            return
        try:
            if not task.done():
                self._task = task
                await self._tell(_SHUTDOWN)
        finally:
            self._task = None
            task.cancel()
            await asyncio.wait([task])

    async def _tell(self, what: str) -> None:
        task = self._task
        assert task is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._told.put_nowait({"type": what})
        waited: list[asyncio.Future[Any]] = [self._answer, task]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if self._answer.done():
            message = self._answer.result()
            if message["type"] == f"{what}.failed":
                said = message.get("message", "")
                raise RuntimeError(f"the ASGI application said {what}.failed: {said}")

    async def _run(self) -> None:
        scope: Message = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._told.get, self._send)
        except Exception:
            # It knows no lifespan (ASGI lifespan, "Scope").
            return

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        if self._answer is None or not kind.startswith("lifespan."):
            raise RuntimeError(f"{kind!r} is no answer to a lifespan's messages")
        if not self._answer.done():
            self._answer.set_result(message)
