"""How far a transfer is: how fast it goes and how long it will take, on a terminal's stderr."""

import sys
import time
from types import TracebackType
from typing import Any, Final, Self

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
# Shown that often, in seconds, and not at all before the first time is over.
_INTERVAL: Final = 0.2


def size_text(size: float) -> str:
    """`size` bytes, as people say it."""
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"


def time_text(seconds: float) -> str:
    """`seconds` as minutes and seconds, or hours."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Line:
    """One line that is written anew, where rich is not installed."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._begun = self._shown = time.monotonic()
        self._first: int | None = None
        self._is_begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_begun:
            print(file=sys.stderr)

    def begin(self, done: int) -> None:
        """It begins now, with `done` bytes, and is shown by the next call."""
        self._begun = time.monotonic()
        self._first = done

    def __call__(self, done: int, total: int | None) -> None:
        """`done` of `total` bytes have passed."""
        now = time.monotonic()
        if self._first is None:
            self._first = done
        if now - self._shown < _INTERVAL and done != total:
            return
        self._shown = now
        self._is_begun = True
        print(f"\r{self.text(done, total, now)}\033[K", end="", file=sys.stderr, flush=True)

    def text(self, done: int, total: int | None, now: float) -> str:
        """The line."""
        rate = (done - (self._first or 0)) / max(now - self._begun, 1e-9)
        parts = [self._what, size_text(done)]
        if total:
            parts += [f"of {size_text(total)}", f"{done * 100 // total}%"]
        parts.append(f"{size_text(rate)}/s")
        if total and rate:
            parts.append(f"{time_text((total - done) / rate)} left")
        return "  ".join(parts)


class Bar:
    """A bar of rich's."""

    def __init__(self, what: str, rich: Any) -> None:
        columns = (
            rich.TextColumn("{task.description}"),
            rich.BarColumn(),
            rich.DownloadColumn(),
            rich.TransferSpeedColumn(),
            rich.TimeRemainingColumn(),
        )
        from rich.console import Console

        self._progress = rich.Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task(what, total=None)

    def __enter__(self) -> Self:
        return self

    def begin(self, done: int) -> None:
        """It begins now, with `done` bytes, and is shown by the next call."""
        self._progress.update(self._task, completed=done)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, done: int, total: int | None) -> None:
        """`done` of `total` bytes have passed."""
        self._progress.start()
        self._progress.update(self._task, completed=done, total=total)


def shown(what: str) -> "Bar | Line":
    """A Bar where the distribution rich is installed, else a Line."""
    try:
        import rich.progress
    except ImportError:
        return Line(what)
    return Bar(what, rich.progress)
