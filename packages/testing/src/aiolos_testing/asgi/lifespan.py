"""The lifespan of an ASGI application: its start and its end (ASGI lifespan 2.0)."""

import asyncio
from typing import Any

from .scope import Application, Message


class Lifespan:
    """Runs the application's lifespan, where it has one, in a task of its own.

    `state` is what it shares with every request.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self.state: dict[str, Any] = {}
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """RuntimeError with the application's own words where it fails."""
        self._task = asyncio.get_running_loop().create_task(self._run())
        answer = await self._said("lifespan.startup")
        if answer is not None and answer["type"] == "lifespan.startup.failed":
            raise RuntimeError(f"the ASGI application did not start: {answer.get('message', '')}")

    async def shutdown(self) -> None:
        """Nothing where it has no lifespan, or has ended before."""
        if self._task is None:
            return
        answer = await self._said("lifespan.shutdown")
        task, self._task = self._task, None
        task.cancel()
        await asyncio.wait([task])
        if answer is not None and answer["type"] == "lifespan.shutdown.failed":
            raise RuntimeError(f"the ASGI application did not end: {answer.get('message', '')}")

    async def _said(self, kind: str) -> Message | None:
        """What the application answers to `kind`; None where it has ended without an answer."""
        task = self._task
        assert task is not None
        self._to_app.put_nowait({"type": kind})
        answer = asyncio.ensure_future(self._from_app.get())
        await asyncio.wait([answer, task], return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        answer.cancel()
        return None

    async def _run(self) -> None:
        scope: Message = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._to_app.get, self._from_app.put)
        except Exception:
            # The specification: an application that raises here supports no lifespan.
            return
