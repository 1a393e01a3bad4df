"""FileResponse: a file as a response."""

import asyncio
import mimetypes
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from .response import Answerable, StreamResponse


class FileResponse(StreamResponse):
    """The file at `path`, read `chunk_size` bytes at a time. Raises what opening it raises.

    Content-Type is guessed from the name unless `headers` hold one.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        chunk_size: int = 256 * 1024,
        status: int = 200,
        reason: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        self._path = Path(path)
        self._chunk_size = chunk_size
        if "Content-Type" not in self.headers:
            guessed, _ = mimetypes.guess_type(self._path.name)
            self.content_type = guessed or "application/octet-stream"

    async def _send(self, request: Answerable) -> None:
        loop = asyncio.get_running_loop()
        with await loop.run_in_executor(None, self._path.open, "rb") as file:
            self.content_length = self._path.stat().st_size
            await self.prepare(request)
            if request.head.method != "HEAD":
                while data := await loop.run_in_executor(None, file.read, self._chunk_size):
                    await self.write(data)
        await self.write_eof()
