"""Every name of `aiolos` is the very object of the part that makes it."""

import importlib

import aiolos
import aiolos_client
import aiolos_protocol
import aiolos_server.web
import aiolos_testing
import aiolos_websocket.component
import pytest
from aiolos import test_utils, web
from aiolos_protocol import siblings


@pytest.mark.parametrize("name", sorted({*aiolos_client.__all__} - {"__version__"}))
def test_a_clients_name_is_the_clients_own(name):
    assert getattr(aiolos, name) is getattr(aiolos_client, name)
    assert name in aiolos.__all__


@pytest.mark.parametrize("name", aiolos_server.web.__all__)
def test_a_servers_name_is_the_servers_own(name):
    assert getattr(web, name) is getattr(aiolos_server.web, name)


def test_what_is_imported_where_it_is_asked_for_is_the_websockets_own():
    assert aiolos.broadcast is aiolos_websocket.broadcast is aiolos_websocket.component.broadcast
    for module in (aiolos, web):
        with pytest.raises(AttributeError, match="has no attribute 'broadcasts'"):
            _ = module.broadcasts


@pytest.mark.parametrize("name", sorted({*aiolos_testing.__all__} - {"Pending", "__version__"}))
def test_a_testing_tool_is_the_testing_packages_own(name):
    assert getattr(test_utils, name) is getattr(aiolos_testing, name)
    assert name in test_utils.__all__


def test_all_lists_each_name_once():
    assert len(aiolos.__all__) == len(set(aiolos.__all__))
    assert len(web.__all__) == len(set(web.__all__))


def test_there_is_one_version():
    assert aiolos.__version__ == aiolos_protocol.__version__


def test_the_parts_are_bound_by_hand():
    assert siblings.websocket("a test") is aiolos_websocket.component
    assert siblings.client("a test") is importlib.import_module("aiolos_client.component")
    assert siblings.server("a test") is importlib.import_module("aiolos_server.component")
