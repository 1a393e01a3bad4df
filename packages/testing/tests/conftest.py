"""What the tests share: something to serve, a look at what it sends, absent siblings."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from aiolos_protocol import siblings
from aiolos_protocol.errors import MissingDistribution
from yarl import URL

TINY = Path(__file__).with_name("tiny.py")


def _loaded(path: Path) -> Any:
    spec = spec_from_file_location("aiolos_testing_tests_tiny", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_tiny = _loaded(TINY)


@pytest.fixture
def tiny() -> Any:
    """The class Tiny, a Servable."""
    return _tiny.Tiny


@pytest.fixture
def tiny_source() -> str:
    """The text of its module, for a pytest that runs inside."""
    return TINY.read_text()


@pytest.fixture
def fetch() -> Callable[..., Awaitable[bytes]]:
    """await fetch(url, ssl=None): all that the server sends to a GET."""

    async def fetch(url: URL, ssl: Any = None) -> bytes:
        reader, writer = await asyncio.open_connection(
            url.host, url.port, ssl=ssl, server_hostname=url.host if ssl else None
        )
        head = f"GET {url.raw_path_qs} HTTP/1.1\r\nHost: {url.raw_authority}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode())
        try:
            return await reader.read()
        finally:
            writer.close()

    return fetch


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither client nor server is installed, even where they are."""

    def announced(name: str, wanted_by: str) -> str:
        raise MissingDistribution(wanted_by, f"aiolos-{name}")

    monkeypatch.setattr(siblings, "_bound", {})
    monkeypatch.setattr(siblings, "_announced", announced)


@pytest.fixture
def uvloop() -> Any:
    """The module uvloop; where it is known not to exist, or is not installed, but not on CI, the
    test is skipped."""
    exists = sys.platform != "win32" and sys.implementation.name == "cpython"
    if exists and os.environ.get("CI"):
        return import_module("uvloop")
    return pytest.importorskip("uvloop")
