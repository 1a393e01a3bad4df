"""Small files that were sent before, kept in memory while one stat says that they are the same.

Whether a file may be sent at all is decided where it is put here: a cache belongs to whom decides.
"""

import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from aiolos_protocol.fields.dates import format_http_date
from aiolos_protocol.fields.etag import ETag

# Files above it are not kept, nor read where they are opened.
SMALL: Final = 131_072
# What an entry takes beside its data, about.
_OVERHEAD: Final = 1024
# Of how many files it is kept whether they are alone.
_LOOKED_AT: Final = 4096
# A file that was changed just now may be changed again without its times telling, in seconds.
_SETTLED: Final = 2.0

Stat = Callable[[str], os.stat_result]


class Kept(NamedTuple):
    """A file: what tells it from others, its bytes, and its validators as fields have them."""

    identity: tuple[int, ...]
    data: bytes
    etag: str
    modified: datetime
    last_modified: str


class FileCache:
    """Keeps files up to `size` bytes together; the one that has been kept the longest goes first.

    May be used by several threads. `settled` is how many seconds ago a file must have been changed
    to be kept.
    """

    def __init__(self, size: int = 16_777_216, settled: float = _SETTLED) -> None:
        self._size = size
        self._settled = settled
        self._used = 0
        self._kept: dict[str, Kept] = {}
        self._lock = threading.Lock()
        # Until when it need not be looked again whether a file is alone, and what was found.
        self._alone: dict[str, tuple[float, bool]] = {}

    @property
    def used(self) -> int:
        """How many bytes are kept, about."""
        return self._used

    def __contains__(self, path: str) -> bool:
        return path in self._kept

    def get(self, path: str, found: os.stat_result) -> Kept | None:
        """The file at `path`, which was just `found` there; None where it is not kept so."""
        kept = self._kept.get(path)
        if kept is None or kept.identity != identity_of(found):
            return None
        return kept

    def put(self, path: str, found: os.stat_result, read: os.stat_result, data: bytes) -> None:
        """Keep what was read at `path`, where that is the whole of a small file.

        `found` is what lay there before and `read` what was read: they must be the same. A file
        that was changed just now is not kept, for nothing would tell its next state apart.
        """
        changed = max(found.st_mtime, found.st_ctime)
        if (
            len(data) != found.st_size
            or len(data) > SMALL
            or identity_of(read) != identity_of(found)
            or time.time() - changed < self._settled
        ):
            return
        kept = Kept(
            identity_of(found), data, str(etag_of(found)), modified_of(found),
            format_http_date(modified_of(found)),
        )  # fmt: skip
        with self._lock:
            self._drop(path)
            self._kept[path] = kept
            self._used += len(data) + _OVERHEAD
            while self._used > self._size:
                self._drop(next(iter(self._kept)))

    def is_alone(self, path: str, suffixes: Sequence[str], look: Stat) -> bool:
        """Whether no file lies at `path` with one of `suffixes` behind it, now or a moment ago.

        Nobody is the worse for the moment: what was answered before it lasts longer elsewhere.
        """
        now = time.monotonic()
        until, alone = self._alone.get(path, (now, True))
        if until <= now:
            alone = all(regular(path + suffix, look) is None for suffix in suffixes)
            if len(self._alone) >= _LOOKED_AT:
                self._alone.clear()
            self._alone[path] = now + self._settled, alone
        return alone

    def drop(self, path: str) -> None:
        """Forget the file at `path`."""
        with self._lock:
            self._drop(path)

    def _drop(self, path: str) -> None:
        kept = self._kept.pop(path, None)
        if kept is not None:
            self._used -= len(kept.data) + _OVERHEAD


def regular(path: str, look: Stat) -> os.stat_result | None:
    """What `look` finds at `path`; None where that is no file, or nothing."""
    try:
        found = look(path)
    except (OSError, ValueError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def identity_of(found: os.stat_result) -> tuple[int, ...]:
    """What changes with a file, and with what lies at its path."""
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev, found.st_ctime_ns


def etag_of(found: os.stat_result) -> ETag:
    """A file's entity tag."""
    return ETag(f"{found.st_mtime_ns:x}-{found.st_size:x}")


def modified_of(found: os.stat_result) -> datetime:
    """When it was changed, in whole seconds of UTC."""
    return datetime.fromtimestamp(int(found.st_mtime), UTC)
