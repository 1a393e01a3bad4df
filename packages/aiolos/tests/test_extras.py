"""The extras, and that the distribution of the name aiohttp offers the same."""

import re
import tomllib
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[2]


def project(package):
    return tomllib.loads((PACKAGES / package / "pyproject.toml").read_text("utf-8"))["project"]


def names(package, extra):
    wanted = project(package)["optional-dependencies"][extra]
    return {re.match(r"[\w.-]+", each)[0] for each in wanted}


def test_ext_01_speedups():
    assert names("aiolos", "speedups") >= {"aiodns", "Brotli", "backports.zstd", "uvloop"}


def test_ext_02_dev():
    assert names("aiolos", "dev") >= {"pytest", "pytest-asyncio", "trustme"}
    # The fixtures come with every install.
    assert any(each.startswith("aiolos-testing") for each in project("aiolos")["dependencies"])


def test_ext_03_cryptography_beside_another_extra():
    assert names("aiolos", "cryptography") == {"cryptography"}
    assert "speedups" in project("aiolos")["optional-dependencies"]


@pytest.mark.parametrize("extra", ["speedups", "dev", "cryptography", "jinja2"])
def test_the_name_aiohttp_has_the_same_extras(extra):
    version = project("aiohttp-compat")["dependencies"][0].partition("==")[2]
    wanted = project("aiohttp-compat")["optional-dependencies"][extra]
    assert wanted == [f"aiolos[{extra}] =={version}"]
