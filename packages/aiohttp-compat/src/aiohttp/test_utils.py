"""Servers and clients for tests: `from aiohttp.test_utils import TestClient, TestServer`."""

from typing import Any, Final
from unittest import mock

from aiolos import test_utils
from aiolos.test_utils import *  # noqa: F403  # all of its names, as its own __all__ lists them
from aiolos.test_utils import start_test_client as aiohttp_test_client
from aiolos_client.contexts import Context

from ._absent import absent
from ._mirror import mocked_writer
from ._private import deprecated, like
from .client import ClientSession as ClientSession  # replaced here, it is what a TestClient makes
from .helpers import sentinel
from .streams import StreamReader
from .web_app import Application
from .web_runner import AppRunner as AppRunner  # replaced here, it is what a TestServer makes

REUSE_ADDRESS: Final = False

__all__ = [*test_utils.__all__, "aiohttp_test_client"]


def unittest_run_loop(func: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[no-redef]
    """Gives `func` back; deprecated."""
    deprecated("Decorator `@unittest_run_loop` is no longer needed in aiohttp 3.8+")
    return func


def _create_transport(sslcontext: Any = None) -> mock.Mock:
    """A mock of a transport that knows its TLS context and its own address."""
    known = {"sslcontext": sslcontext, "sockname": ("127.0.0.1", 80)}
    transport = mock.Mock()
    transport.get_extra_info.side_effect = lambda name, default=None: known.get(name, default)
    return transport


def make_mocked_request(  # type: ignore[no-redef]  # with the original's parameters
    method: str,
    path: str,
    headers: Any = None,
    *,
    match_info: Any = sentinel,
    writer: Any = sentinel,
    protocol: Any = sentinel,
    transport: Any = sentinel,
    app: Any = None,
    payload: Any = b"",
    client_max_fields: int = 1000,
    loop: Any = ...,
    **options: Any,
) -> Any:
    """See make_mocked_request() of aiolos. `writer`, a mock by default, sees what a response sends
    as well; `protocol` has a transport; `loop` is taken without effect."""
    if transport is sentinel:
        transport = None if protocol is sentinel else getattr(protocol, "transport", None)
    is_body = isinstance(payload, (bytes, bytearray, StreamReader))
    request = test_utils.make_mocked_request(
        method.upper(),
        path,
        headers,
        match_info=None if match_info is sentinel else match_info,
        app=Application() if app is None else app,
        transport=transport,
        payload=payload if is_body else b"",
        **options,
    )
    if not is_body:
        request._content = payload
    request._max_fields = client_max_fields
    request._payload_writer = mocked_writer(request.transport) if writer is sentinel else writer
    return request


def _give_request() -> None:
    """Have the requests of a TestClient go by its `_request()`, where that is somebody's own."""
    kind: Any = test_utils.TestClient
    request, head = kind.request, kind.head

    async def _request(self: Any, method: str, path: Any, **options: Any) -> Any:
        return await request(self, method, path, **options)

    def goes_by_another(client: Any) -> bool:
        return type(client)._request is not _request or "_request" in vars(client)

    @like(request)
    def ask(self: Any, method: str, path: Any, **options: Any) -> Any:
        """See TestClient of aiolos."""
        if goes_by_another(self):
            return Context(self._request(method, path, **options))
        return request(self, method, path, **options)

    @like(head)
    def ask_head(self: Any, path: Any, **options: Any) -> Any:
        """See TestClient of aiolos."""
        if goes_by_another(self):
            return Context(self._request("HEAD", path, **{"allow_redirects": False, **options}))
        return head(self, path, **options)

    kind._request, kind.request, kind.head = _request, ask, ask_head


_give_request()
absent(__name__)
