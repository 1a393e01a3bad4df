"""The libraries that compress, found on first use; none is needed but the standard zlib."""

import zlib
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from ..errors import MissingDistribution

_ZSTD: Final = ("compression.zstd", "backports.zstd")
_BROTLI: Final = ("brotli", "brotlicffi")
# The fastest first: isal compresses JSON ten times as fast as zlib does, to the same size.
_ZLIB: Final = ("isal.isal_zlib", "zlib_ng.zlib_ng")

_chosen: Any = None


def zlib_backend() -> Any:
    """A module with zlib's interface: what was set, else isal, zlib-ng, or the standard one."""
    return _found_zlib() if _chosen is None else _chosen


def set_zlib_backend(module: Any) -> None:
    """Use `module`, which has zlib's interface, for gzip and deflate from now on; None chooses
    anew among what is installed."""
    global _chosen
    _chosen = module


@cache
def _found_zlib() -> Any:
    return _first(_ZLIB) or zlib


@cache
def brotli(wanted_by: str = "the content coding br") -> Any:
    """The module of Brotli. Raises MissingDistribution where it is absent, or so old that it
    cannot bound what it decodes."""
    module = _first(_BROTLI)
    if module is None:
        raise MissingDistribution(wanted_by, "Brotli>=1.2")
    decoder = module.Decompressor()
    try:
        decoder.process(b"", output_buffer_limit=1)
    except TypeError:
        raise MissingDistribution(wanted_by, "Brotli>=1.2") from None
    return module


@cache
def zstd(wanted_by: str = "the content coding zstd") -> Any:
    """compression.zstd, or its backport. Raises MissingDistribution where neither is there."""
    module = _first(_ZSTD)
    if module is None:
        raise MissingDistribution(wanted_by, "backports.zstd")
    return module


def check(coding: str) -> None:
    """Raise MissingDistribution where the library of `coding` is not installed."""
    if coding == "br":
        brotli()
    elif coding == "zstd":
        zstd()


@cache
def available() -> tuple[str, ...]:
    """The codings that work here, as Accept-Encoding lists them."""
    found = ["gzip", "deflate"]
    if any(map(_is_there, _BROTLI)):
        found.append("br")
    if any(map(_is_there, _ZSTD)):
        found.append("zstd")
    return tuple(found)


def _first(names: tuple[str, ...]) -> Any:
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        # The package that should hold it is absent.
        return False
