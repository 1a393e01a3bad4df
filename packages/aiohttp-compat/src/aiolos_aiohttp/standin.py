"""A distribution aiohttp that is nothing but its metadata.

Installers and `importlib.metadata` know a distribution by its folder `*.dist-info` (PyPA,
"Recording installed projects"). One that names aiohttp, holds no module and requires
aiolos-aiohttp satisfies whoever requires aiohttp, and every installer can take it away again.
"""

import base64
import hashlib
import importlib
import shutil
import sys
import zipfile
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

# The version of aiohttp whose API we have, and for which libraries take us.
VERSION: Final = "3.14.5"
OWNER: Final = "aiolos-aiohttp"
INFO: Final = f"aiohttp-{VERSION}.dist-info"


class RealAiohttp(RuntimeError):
    """The real aiohttp is installed where the stand-in belongs; the text says what to run."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"aiohttp {version} and {OWNER} are installed beside one another, and both own the "
            f"folder aiohttp; run: pip uninstall -y aiohttp {OWNER} && pip install {OWNER}"
        )


class Damaged(RuntimeError):
    """Files of aiolos-aiohttp are not as it brought them; the text says what to run."""

    def __init__(self) -> None:
        super().__init__(
            f"files of {OWNER} are gone, or those of another aiohttp lie over them; "
            f"run: pip install --force-reinstall --no-deps {OWNER}"
        )


class RealBefore(RuntimeError):
    """The real aiohttp lies in another folder, which comes first; the text says what to run."""

    def __init__(self, found: Distribution) -> None:
        super().__init__(
            f"aiohttp {found.version} in {folder_of(found)} comes before {OWNER} on the path, so "
            f"it is what programs import and installers see; uninstall it there, or make an "
            f"environment without it: python -m venv"
        )


def installed() -> Distribution | None:
    """The distribution aiohttp that an import sees first, ours or not; None where there is none."""
    try:
        return distribution("aiohttp")
    except PackageNotFoundError:
        return None


def real_beside() -> Distribution | None:
    """The real aiohttp, where it lies in the folder that aiolos-aiohttp lies in; else None, for
    that in another folder of the path is another's."""
    homes = [Path(__file__).parent.parent]
    with suppress(PackageNotFoundError):
        # Where the sources are installed to be edited, it is another folder.
        homes.append(folder_of(distribution(OWNER)))
    for each in Distribution.discover(name="aiohttp"):
        if not is_stand_in(each) and any(_is_same(folder_of(each), home) for home in homes):
            return each
    return None


def comes_first(found: Distribution) -> bool:
    """Whether it lies in a folder that comes before ours on the path."""
    home, theirs = Path(__file__).parent.parent, folder_of(found)
    for each in map(Path, sys.path):
        if _is_same(each, home):
            return False
        if _is_same(each, theirs):
            return True
    return False


def folder_of(found: Distribution) -> Path:
    """The folder that it is installed in."""
    return Path(str(found.locate_file("")))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def is_stand_in(found: Distribution) -> bool:
    """True where `found` is what `install()` or `wheel()` made: it requires aiolos-aiohttp."""
    return OWNER in (found.requires or ())


def install() -> Path:
    """Write the stand-in beside aiolos-aiohttp, over an older one; its folder.

    Raises RealAiohttp where the real one is there, RealBefore where it comes first from elsewhere,
    Damaged where files of ours are gone or another's, PackageNotFoundError where aiolos-aiohttp is
    not installed but only on the path.
    """
    remove()
    found = installed()
    if found is not None and comes_first(found):
        raise RealBefore(found)
    if is_damaged():
        raise Damaged
    folder = Path(str(distribution(OWNER).locate_file(INFO)))
    texts = metadata() | {"INSTALLER": f"{OWNER}\n"}
    # Whole or not at all: an installer that finds half a folder stops with an error.
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name, text in (texts | {"RECORD": record(texts)}).items():
        (unfinished / name).write_text(text, encoding="utf-8", newline="\n")
    unfinished.rename(folder)
    importlib.invalidate_caches()
    return folder


def remove() -> Path | None:
    """Take the stand-in away; the folder that is gone, None where there was none.

    Raises RealAiohttp where the real one is there.
    """
    real = real_beside()
    if real is not None:
        raise RealAiohttp(real.version)
    found = installed()
    if found is None or not is_stand_in(found):
        return None
    folder = Path(str(found.locate_file(f"aiohttp-{found.version}.dist-info")))
    shutil.rmtree(folder)
    importlib.invalidate_caches()
    return folder


def wheel(folder: Path) -> Path:
    """Write the stand-in as a wheel into `folder`, for lock files and find-links; its path."""
    path = folder / f"aiohttp-{VERSION}-py3-none-any.whl"
    texts = metadata()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (texts | {"RECORD": record(texts)}).items():
            # Of one moment always: a lock file keeps the wheel's hash.
            archive.writestr(zipfile.ZipInfo(f"{INFO}/{name}"), text)
    return path


def is_damaged() -> bool:
    """True where a file of our folder aiohttp is gone, or another distribution's lies over it."""
    try:
        owner = distribution(OWNER)
    except PackageNotFoundError:
        return False
    for file in owner.files or ():
        # An editable install records no file of the folder: the sources are not its own.
        if file.parts[0] == "aiohttp" and file.hash is not None:
            try:
                data = Path(str(owner.locate_file(file))).read_bytes()
            except FileNotFoundError:
                return True
            if file.hash.value != digest(data):
                return True
    return False


def metadata() -> dict[str, str]:
    """Names and texts of the files in the dist-info folder, but for the record of them."""
    owner = distribution(OWNER)
    lines = [
        "Metadata-Version: 2.1",
        "Name: aiohttp",
        f"Version: {VERSION}",
        f"Summary: Stands in for aiohttp; the import name is served by {OWNER}",
        f"Requires-Python: {owner.metadata['Requires-Python']}",
        f"Requires-Dist: {OWNER}",
    ]
    for extra in owner.metadata.get_all("Provides-Extra") or ():
        lines += [
            f"Provides-Extra: {extra}",
            f'Requires-Dist: {OWNER}[{extra}]; extra == "{extra}"',
        ]
    tag = [
        "Wheel-Version: 1.0",
        f"Generator: {OWNER} ({owner.version})",
        "Root-Is-Purelib: true",
        "Tag: py3-none-any",
    ]
    return {"METADATA": "\n".join(lines) + "\n", "WHEEL": "\n".join(tag) + "\n"}


def record(texts: dict[str, str]) -> str:
    """The file RECORD: every file with its hash and size, itself without (PyPA, RECORD)."""
    lines = [
        f"{INFO}/{name},sha256={digest(text.encode())},{len(text.encode())}"
        for name, text in texts.items()
    ]
    return "\n".join([*lines, f"{INFO}/RECORD,,"]) + "\n"


def digest(data: bytes) -> str:
    """The SHA-256 of `data` as RECORD spells it: base64 for URLs, unpadded."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
