"""Who asked, where proxies stand between."""

from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web

Serve = Callable[..., Any]
TRUSTED = ["10.0.0.0/8", "127.0.0.1", "2001:db8::/32"]


@pytest.fixture
def told(serve: Serve) -> Callable[..., Any]:
    """await told(*lines, peer=...): remote, scheme and host, as the handler sees them."""

    async def told(*lines: str, peer: Any = ("127.0.0.1", 5000), **options: Any) -> str:
        async def handler(request: web.Request) -> web.Response:
            return web.Response(text=f"{request.remote} {request.scheme} {request.host}")

        app = web.Application(middlewares=[web.behind_proxies(TRUSTED, **options)])
        app.router.add_get("/", handler)
        connection = serve(app=app)
        connection.transport._extra["peername"] = peer
        head = "".join(f"{line}\r\n" for line in ("GET / HTTP/1.1", "Host: inner", *lines))
        body: bytes = (await connection.ask(head.encode() + b"\r\n")).body
        return body.decode()

    return told


async def test_no_proxy_at_all(told: Any) -> None:
    assert await told() == "127.0.0.1 http inner"


async def test_the_usual_fields(told: Any) -> None:
    lines = [
        "X-Forwarded-For: 192.0.2.7",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: shop.example",
    ]
    assert await told(*lines) == "192.0.2.7 https shop.example"


async def test_nobody_else_is_believed(told: Any) -> None:
    lines = ["X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.7;proto=https"]
    assert await told(*lines, peer=("198.51.100.9", 1)) == "198.51.100.9 http inner"


async def test_the_last_address_that_is_not_trusted(told: Any) -> None:
    assert (await told("X-Forwarded-For: 1.1.1.1, 192.0.2.7, 10.1.1.1")).startswith("192.0.2.7 ")
    two = ["X-Forwarded-For: 1.1.1.1, 192.0.2.7", "X-Forwarded-For: 10.1.1.1"]
    assert (await told(*two)).startswith("192.0.2.7 ")


async def test_a_chain_of_trusted_ones(told: Any) -> None:
    assert (await told("X-Forwarded-For: 10.0.0.1, 10.0.0.2")).startswith("10.0.0.1 ")


async def test_forwarded_tells_each_hop(told: Any) -> None:
    line = (
        'Forwarded: for=6.6.6.6;proto=http;host=evil, for="[2001:4860::8]:123";proto=https;'
        'host="shop.example:444", for=10.0.0.2;proto=http'
    )
    assert await told(line) == "2001:4860::8 https shop.example:444"


async def test_forwarded_outranks_the_others(told: Any) -> None:
    lines = ["Forwarded: for=192.0.2.1", "X-Forwarded-For: 192.0.2.2", "X-Forwarded-Proto: https"]
    assert await told(*lines) == "192.0.2.1 http inner"


@pytest.mark.parametrize("node", ["_hidden", "unknown"])
async def test_clients_that_stay_in_the_dark(told: Any, node: str) -> None:
    assert (await told(f"Forwarded: for={node}")).startswith(f"{node} ")


@pytest.mark.parametrize(
    "line",
    [
        "X-Forwarded-For: <script>",
        "X-Forwarded-Proto: javascript",
        "X-Forwarded-Host: a/b@c",
        "Forwarded: for=1.2.3.4;for=5.6.7.8",
        "Forwarded: nonsense",
    ],
)
async def test_what_makes_no_sense_changes_nothing(told: Any, line: str) -> None:
    assert await told(line) == "127.0.0.1 http inner"


async def test_several_schemes_in_step_with_the_addresses(told: Any) -> None:
    lines = ["X-Forwarded-For: 192.0.2.7, 10.0.0.1", "X-Forwarded-Proto: https, http"]
    assert await told(*lines) == "192.0.2.7 https inner"


@pytest.mark.parametrize(("unix", "remote"), [(True, "192.0.2.7"), (False, "None")])
async def test_a_unix_socket(told: Any, unix: bool, remote: str) -> None:
    found = await told("X-Forwarded-For: 192.0.2.7", peer="", unix=unix)
    assert found == f"{remote} http inner"


def test_networks_that_are_none() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        web.behind_proxies(["everybody"])
