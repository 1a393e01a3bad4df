"""Whose loop a test runs in: that of another plugin, or ours."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    import asyncio

RUNNER: Final = pytest.StashKey["asyncio.Runner"]()
STACK: Final = "_aiolos_stack"


class Owner(Enum):
    """Whose loop a test runs in."""

    ASYNCIO = "pytest-asyncio"
    ANYIO = "anyio"
    OTHER = "another plugin"
    NOBODY = "nobody: ours"


def owner_of(item: Any) -> Owner:
    """Who runs the test `item`, by the marks and settings that the plugins document."""
    config = item.config
    if pytest_asyncio(config) is not None and (
        item.get_closest_marker("asyncio") is not None
        or "auto" in (config.getoption("asyncio_mode", None), setting(config, "asyncio_mode"))
    ):
        return Owner.ASYNCIO
    if "anyio_backend" in item.fixturenames:
        return Owner.ANYIO
    if any(item.get_closest_marker(name) is not None for name in ("trio", "twisted", "curio")):
        return Owner.OTHER
    return Owner.NOBODY


def pytest_asyncio(config: pytest.Config) -> Any:
    """The plugin of that name where it takes part: announced, or named by -p; else None."""
    manager = config.pluginmanager
    return manager.get_plugin("asyncio") or manager.get_plugin("pytest_asyncio.plugin")


def is_ours(item: Any) -> bool:
    """Whether an async test or fixture, unclaimed so far, is to be run here.

    Where pytest-asyncio is installed its users decide by marks; but a test that uses our fixtures
    works without one.
    """
    if owner_of(item) is not Owner.NOBODY:
        return False
    return STACK in item.fixturenames or pytest_asyncio(item.config) is None


def runner_of(item: pytest.Item) -> asyncio.Runner:
    """The loop of a test that is nobody else's; closed behind its last fixture."""
    import asyncio

    runner = item.stash.get(RUNNER, None)
    if runner is None:
        runner = item.stash[RUNNER] = asyncio.Runner()
    return runner


def setting(config: pytest.Config, name: str) -> Any:
    """A setting of another plugin; None also where that one is too old to know it."""
    try:
        return config.getini(name)
    except ValueError:
        return None
