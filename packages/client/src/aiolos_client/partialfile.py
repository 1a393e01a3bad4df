"""A file of which a part is there: `name.part`, beside the file that it will be."""

import contextlib
import json
import os
import stat
from errno import EACCES, EAGAIN, EBUSY, EDEADLK, EEXIST, EINVAL, EISDIR, ELOOP
from io import FileIO
from pathlib import Path
from typing import Final

from aiolos_protocol import grammar, hdrs
from aiolos_protocol.fields.dates import parse_http_date

from .response import ClientResponse

# What a lock that somebody else has gives, on one system or the other.
_LOCKED: Final = frozenset({EACCES, EAGAIN, EDEADLK})
# Behind all that a file can hold: on Windows what is locked cannot be read or written by others.
_PLACE_OF_LOCK: Final = 1 << 62
# Of each note.
_BEGINNING: Final = b'{"url": '


def is_stream(path: Path) -> bool:
    """Whether there is something at `path` that is written into and not replaced: a device, a pipe,
    a socket."""
    return path.exists() and not (path.is_file() or path.is_dir())


class PartialFile:
    """What is there of a file, and how the server names the version that it is of.

    Of its `size` bytes `kept` are from an earlier download; `validator` is "" and `total` None
    where they are not known, `coding` the Content-Encoding that they came in. As long as it is
    open nobody else writes to it, in this process or in another one. Its methods block.
    """

    def __init__(self, path: Path, url: str) -> None:
        """Open what an earlier download of `url` to `path` has left, or begin.

        Nothing is changed before begin().
        A link stays one: its target is written. OSError EBUSY where another download writes to it,
        EINVAL where it is a device, a pipe or the like, which a file would replace, ELOOP where it
        leads to itself, EEXIST where somebody else's file has the name of the part or of its note.
        """
        if path.is_dir():
            raise IsADirectoryError(EISDIR, "a folder, where a file is to be written", str(path))
        if is_stream(path):
            raise OSError(EINVAL, "no file that could be replaced by a whole one", str(path))
        if path.is_symlink():
            path = Path(os.path.realpath(path))
            if path.is_symlink():
                raise OSError(ELOOP, "a link that leads to itself", str(path))
        self.target = path
        self.path = path.with_name(f"{path.name}.part")
        self.note = path.with_name(f"{path.name}.part.json")
        self.validator = ""
        self.coding = ""
        self.total: int | None = None
        self.size = 0
        # A name that is too long is told before anything is made.
        self.note.exists()
        self._file = _opened(self.path, path)
        there = os.fstat(self._file.fileno()).st_size
        try:
            self._read(self.note.read_bytes(), url, there)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._foreign(self.note) from error
        except OSError as error:
            if there:
                # The note is there before the first byte is.
                raise self._foreign(self.path) from error
        self.kept = self.size

    def _read(self, note: bytes, url: str, there: int) -> None:
        """What `note` says of the `there` bytes. Raises where it is none of ours."""
        if not note.endswith(b"}") and _BEGINNING.startswith(note[: len(_BEGINNING)]):
            # Written in part, when the power went.
            return
        found = json.loads(note)
        validator, total = str(found["validator"]), found.get("total")
        if found["url"] == url and not grammar.CONTROL.search(validator):
            self.validator, self.total, self.size = validator, total, there
            self.coding = str(found.get("coding", ""))

    def _foreign(self, path: Path) -> OSError:
        """The error that `path` is somebody else's file; nothing is left open or made."""
        if not os.fstat(self._file.fileno()).st_size and os.name != "nt":
            self.path.unlink(missing_ok=True)
        self._file.close()
        told = "no download of ours has left it: move it away, or download to another name"
        return OSError(EEXIST, told, str(path))

    def is_of(self, response: ClientResponse, total: int | None) -> bool:
        """Whether the piece in `response`, of `total` bytes, is of the same version: what a server
        says of it must not differ (RFC 9110 15.3.7.3)."""
        if coding_of(response) != self.coding:
            return False
        # Some servers leave out a tag's quotes, and know it by that all the same.
        is_date = parse_http_date(self.validator) is not None
        field = hdrs.LAST_MODIFIED if is_date else hdrs.ETAG
        same = response.headers.get(field, self.validator) == self.validator
        return same and total is not None and self.total in (None, total)

    def begin(self, url: str, validator: str, at: int, total: int | None, coding: str = "") -> None:
        """Go on at `at`, with `validator`'s version of `total` bytes; what was behind is gone."""
        self.validator = validator
        self.coding = coding
        self.size = at
        self.total = total
        self.kept = min(self.kept, at)
        # First: a note of this version must not stand beside bytes of another, whatever happens.
        self._file.truncate(at)
        self._file.seek(at)
        note = {"url": url, "validator": validator, "total": total, "coding": coding}
        # A URL may hold secrets: nobody else reads it.
        with open(os.open(self.note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(note, file)

    def write(self, data: bytes) -> None:
        """Append `data`."""
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(data)

    def finish(self) -> None:
        """It is whole: it takes its place, and is closed."""
        with contextlib.suppress(OSError):
            # Who may read what was there may read what takes its place, and nobody else.
            os.chmod(self.path, stat.S_IMODE(self.target.stat().st_mode))
        if os.name == "nt":
            # There an open file cannot be renamed.
            self._file.close()
        os.replace(self.path, self.target)
        self.note.unlink(missing_ok=True)
        self._file.close()

    def give_up(self) -> None:
        """What has come is worth nothing."""
        self._file.truncate(0)
        self.size = 0

    def close(self) -> None:
        """Leave what is there to a later download; where there is nothing, leave nothing."""
        if self._file.closed:
            return
        if not os.fstat(self._file.fileno()).st_size:
            self.note.unlink(missing_ok=True)
            if os.name != "nt":
                self.path.unlink(missing_ok=True)
        self._file.close()


def coding_of(response: ClientResponse) -> str:
    """The Content-Encoding of `response`, "" for none."""
    return response.headers.get(hdrs.CONTENT_ENCODING, "").lower()


def _opened(path: Path, target: Path) -> FileIO:
    """The file at `path`, made where it is not there, and locked."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    while True:
        file = FileIO(os.open(path, flags, 0o666), "r+")
        try:
            _lock(file)
            # Whoever had it may have renamed or removed it in the meantime.
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass
        except OSError as error:
            file.close()
            if error.errno in _LOCKED:
                message = f"another download writes to {path.name} beside it"
                raise OSError(EBUSY, message, str(target)) from None
            raise
        file.close()


def _lock(file: FileIO) -> None:
    """Lock `file` for as long as it is open. OSError where somebody else has."""
    try:
        import fcntl
    except ImportError:
        import msvcrt  # type: ignore[import-not-found,unused-ignore]

        file.seek(_PLACE_OF_LOCK)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks is worth a download all the same.
        if error.errno in _LOCKED:
            raise
