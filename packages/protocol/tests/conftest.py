"""The twins of the parser, as a fixture: every test that takes it runs once for each; uvloop."""

import contextlib
import importlib.util
import os
import sys
from importlib import import_module

import pytest
from hypothesis import settings

# A slow machine is no fault of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

COMPILED = "aiolos_protocol.http1._parser"
TWINS = ["aiolos_protocol.http1.pyparser"]
# With AIOLOS_PURE=1 compiled modules are not found at all.
with contextlib.suppress(ModuleNotFoundError):
    if importlib.util.find_spec(COMPILED):
        TWINS.append(COMPILED)


@pytest.fixture(scope="session", params=TWINS, ids=lambda name: name.rpartition(".")[2])
def twin(request):
    """One module with parse_request, parse_response, parse_trailers and load_headers."""
    return import_module(request.param)


@pytest.fixture(scope="session")
def both_twins():
    """All twins at once, for comparing; test_sources checks that there are two where there must."""
    if len(TWINS) < 2:
        pytest.skip("the Python sources alone are here: there is nothing to compare")
    return [import_module(name) for name in TWINS]


@pytest.fixture
def uvloop():
    """The module uvloop; where it is known not to exist, or is not installed, but not on CI, the
    test is skipped."""
    exists = sys.platform != "win32" and sys.implementation.name == "cpython"
    if exists and os.environ.get("CI"):
        return import_module("uvloop")
    return pytest.importorskip("uvloop")
