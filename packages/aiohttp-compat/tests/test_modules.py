"""The module tree: each module of aiohttp's gives the objects of aiolos's module of that name."""

import importlib
import pkgutil

import aiohttp
import aiolos
import pytest

# Those that only run, or that are of the other name alone.
OTHERS = {"_version", "_alone"}
MODULES = sorted({module.name for module in pkgutil.iter_modules(aiolos.__path__)} - OTHERS)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_gives_the_same_objects(name):
    ours = importlib.import_module(f"aiolos.{name}")
    theirs = importlib.import_module(f"aiohttp.{name}")
    names = getattr(ours, "__all__", [each for each in vars(ours) if each.isupper()])
    assert names
    for each in names:
        assert getattr(theirs, each) is getattr(ours, each)


def test_no_module_is_of_one_name_alone():
    here = {module.name for module in pkgutil.iter_modules(aiohttp.__path__)}
    # The fixtures: those of aiolos-testing have names of their own.
    assert here - OTHERS - {"pytest_plugin"} == set(MODULES)
