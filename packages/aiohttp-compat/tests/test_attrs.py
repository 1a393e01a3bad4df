"""The values that the original makes by attrs, as attrs sees them."""

import aiohttp
import attr
import pytest
from aiohttp import web


def test_a_timeout_is_changed_as_a_frozen_class_of_attrs_is():
    timeout = aiohttp.ClientTimeout(total=5, connect=3)
    assert attr.evolve(timeout, total=None) == aiohttp.ClientTimeout(total=None, connect=3)
    assert attr.asdict(timeout) == {
        "total": 5,
        "connect": 3,
        "sock_read": None,
        "sock_connect": None,
        "ceil_threshold": 5,
    }
    assert attr.fields(aiohttp.ClientTimeout).total.default is None


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (aiohttp.ClientWSTimeout, ["ws_receive", "ws_close"]),
        (aiohttp.ETag, ["value", "is_weak"]),
        (aiohttp.TraceRequestStartParams, ["method", "url", "headers"]),
        (aiohttp.TraceConnectionReuseconnParams, []),
        (web.FileField, ["name", "filename", "file", "content_type", "headers"]),
        (web.RouteDef, ["method", "path", "handler", "kwargs"]),
        (web.StaticDef, ["prefix", "path", "kwargs"]),
    ],
)
def test_the_fields_are_told(kind, names):
    assert attr.has(kind)
    assert [each.name for each in attr.fields(kind)] == names
