"""Running an application under the name aiohttp: the command line, Gunicorn's workers."""

import subprocess
import sys

import aiohttp
import aiolos_server.gunicorn
import pytest


@pytest.mark.parametrize("name", ["GunicornWebWorker", "GunicornUVLoopWebWorker"])
def test_dep_02_the_workers_have_their_alias(name):
    worker = getattr(aiolos_server.gunicorn, name)
    assert getattr(aiohttp, name) is worker
    assert getattr(__import__("aiohttp.worker").worker, name) is worker


def test_what_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'aiohttp' has no attribute 'nonsense'"):
        aiohttp.nonsense  # noqa: B018


def test_the_command_line_is_aiohttps():
    command = [sys.executable, "-m", "aiohttp.web", "-H", "127.0.0.1", "-P", "0", "nowhere:app"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, "there is no module 'nowhere' to import\n")
