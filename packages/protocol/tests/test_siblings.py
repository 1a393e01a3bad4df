"""Siblings: bound by hand, announced in metadata, or missed with an error that helps."""

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from aiolos_protocol import siblings
from aiolos_protocol.errors import MissingDistribution


@pytest.fixture(autouse=True)
def unbound():
    """Nothing is bound before and after."""
    bound = dict(siblings._bound)
    siblings._bound.clear()
    yield
    siblings._bound.clear()
    siblings._bound.update(bound)


@pytest.fixture
def announce(tmp_path: Path, monkeypatch):
    """Put a distribution on the path that announces a component."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def announce(distribution: str, name: str, module: str) -> None:
        info = tmp_path / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[{siblings.GROUP}]\n{name} = {module}\n")
        (tmp_path / f"{module}.py").write_text("offered = True\n")

    yield announce
    for name in list(sys.modules):
        if name.startswith("wire_component"):
            del sys.modules[name]


def is_absent(name):
    return name not in {entry.name for entry in entry_points(group=siblings.GROUP)}


@pytest.mark.parametrize("name", ["client", "server", "websocket"])
def test_bound_by_hand(name):
    component = object()
    siblings.provide(name, component)
    assert getattr(siblings, name)("here") is component


def test_bound_by_the_name_of_a_module():
    siblings.provide("client", "json.decoder")
    assert siblings.client("here") is sys.modules["json.decoder"]
    assert siblings.client("here") is sys.modules["json.decoder"]


def test_only_three_can_be_bound():
    with pytest.raises(ValueError, match="no such component: 'http3'; one of client, server"):
        siblings.provide("http3", object())


@pytest.mark.parametrize("name", ["client", "server", "websocket"])
def test_one_that_is_not_installed(name):
    if not is_absent(name):
        # Where everything is installed there is nothing to miss; `nox -s alone-*` misses it.
        assert getattr(siblings, name)("here") is not None
        return
    with pytest.raises(MissingDistribution, match=f"pip install aiolos-{name}") as caught:
        getattr(siblings, name)("a feature")
    assert str(caught.value).startswith("a feature needs the distribution")


def test_announced(announce):
    if not is_absent("websocket"):
        siblings.provide("websocket", object())
    else:
        announce("wire-one", "websocket", "wire_component_one")
        assert siblings.websocket("here").offered
        assert siblings.websocket("here") is sys.modules["wire_component_one"]


def test_two_announcers_are_an_error_until_one_is_chosen(announce):
    announce("wire-one", "server", "wire_component_one")
    announce("wire-two", "server", "wire_component_two")
    with pytest.raises(ImportError, match="more than one component 'server'") as caught:
        siblings.server("a feature")
    assert "wire_component_one (of wire-one)" in str(caught.value)
    assert "wire_component_two (of wire-two)" in str(caught.value)
    siblings.provide("server", "wire_component_two")
    assert siblings.server("a feature") is sys.modules["wire_component_two"]


def test_nothing_is_looked_up_at_import(announce):
    announce("wire-one", "client", "wire_component_one")
    assert "wire_component_one" not in sys.modules
