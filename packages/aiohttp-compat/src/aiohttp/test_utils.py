"""Servers and clients for tests: `from aiohttp.test_utils import TestClient, TestServer`."""

from aiolos import test_utils
from aiolos.test_utils import *  # noqa: F403  # all of its names, as its own __all__ lists them
from aiolos.test_utils import start_test_client as aiohttp_test_client

__all__ = [*test_utils.__all__, "aiohttp_test_client"]
