"""Who is behind the proxies, and what is not believed."""

import json
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from aiolos_server import web
from aiolos_server.proxies import TrustedProxies, parsed_address
from hypothesis import given
from hypothesis import strategies as st

Serve = Callable[..., Any]
NETWORKS = ("127.0.0.1", "10.0.0.0/8", "fd00::/8")


async def show(request: web.Request) -> web.Response:
    return web.json_response(
        [request.remote, request.scheme, request.host, request.secure, str(request.url)]
    )


def get(*fields: str) -> bytes:
    lines = "".join(f"{field}\r\n" for field in fields)
    return f"GET /x?y HTTP/1.1\r\nHost: inner\r\n{lines}\r\n".encode()


@pytest.fixture
def shown(serve: Serve) -> Any:
    """await shown(*fields, peer=..., **options): what a handler sees behind the middleware."""

    async def shown(*fields: str, peer: Any = ("127.0.0.1", 5000), **options: Any) -> Any:
        options.setdefault("trusted", NETWORKS)
        app = web.Application(middlewares=[web.behind_proxies(**options)])
        app.router.add_get("/x", show)
        server = serve(app=app).server
        link = server()
        from aiolos_protocol.testkit import connected

        transport = connected(server.loop, link, peername=peer)
        server.loop.call_soon(transport.receive, get(*fields))
        import asyncio

        for _ in range(10):
            await asyncio.sleep(0)
        head, _, body = transport.take().partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        return json.loads(body)

    return shown


UNTOUCHED = ["127.0.0.1", "http", "inner", False, "http://inner/x?y"]


async def test_nothing_forwarded(shown: Any) -> None:
    assert await shown() == UNTOUCHED


async def test_a_request_through_one_proxy(shown: Any) -> None:
    assert await shown("X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https") == [
        "203.0.113.7",
        "https",
        "inner",
        True,
        "https://inner/x?y",
    ]


@pytest.mark.parametrize(
    ("value", "remote"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        # The client invents what stands in front; the nearest proxy's word stands last.
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("garbage, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1, 10.0.0.1, 203.0.113.7", "203.0.113.7"),
        # Trusted addresses vouch for the one before them.
        ("198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("203.0.113.7, 10.1.2.3, fd00::1, 10.3.2.1", "203.0.113.7"),
        ("203.0.113.7 ,\t10.1.2.3 , ", "203.0.113.7"),
        # All of them are ours: the first one is where it began.
        ("10.0.0.9, 10.1.2.3", "10.0.0.9"),
        # Behind what is no address nothing is believed.
        ("203.0.113.7, <script>, 10.1.2.3", "10.1.2.3"),
        # Who stays in the dark is at least nobody else.
        ("203.0.113.7, unknown, 10.1.2.3", "unknown"),
        ("203.0.113.7, _hidden", "_hidden"),
        ("203.0.113.7, 1.2.3", None),
        ("203.0.113.7, 1.2.3.4.5", None),
        ("203.0.113.7, [::1", None),
        ("203.0.113.7, 1.2.3.4:http", None),
        ("", None),
        (",,,", None),
    ],
)
async def test_x_forwarded_for(value: str, remote: str | None, shown: Any) -> None:
    assert (await shown(f"X-Forwarded-For: {value}"))[0] == (remote or "127.0.0.1")


async def test_several_fields_are_one_list(shown: Any) -> None:
    fields = ("X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 10.1.2.3, 10.1.2.4")
    assert (await shown(*fields))[0] == "203.0.113.7"


@pytest.mark.parametrize(
    "peer",
    [("203.0.113.9", 1), ("2001:db8::1", 1, 0, 0), ("127.0.0.2", 1), "", "/run/socket", None],
)
async def test_other_peers_are_not_believed(peer: Any, shown: Any) -> None:
    seen = await shown(
        "X-Forwarded-For: 198.51.100.1",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil",
        "Forwarded: for=198.51.100.1;proto=https;host=evil",
        peer=peer,
        host=True,
        unix=False,
    )
    assert seen[0] != "198.51.100.1"
    assert seen[1:3] == ["http", "inner"]


@pytest.mark.parametrize("peer", ["", "/run/socket", None])
async def test_peers_on_a_unix_socket(peer: Any, shown: Any) -> None:
    for unix, remote in ((True, "203.0.113.7"), (False, peer or None)):
        trusted = [] if unix else ["192.0.2.0/24"]
        seen = await shown("X-Forwarded-For: 203.0.113.7", peer=peer, trusted=trusted, unix=unix)
        assert seen[0] == remote


@pytest.mark.parametrize(
    ("value", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("http", "http"),
        ("wss", "https"),
        ("http, https", "https"),
        ("https, http", "http"),
        ("javascript", "http"),
        ("", "http"),
    ],
)
async def test_x_forwarded_proto(value: str, scheme: str, shown: Any) -> None:
    assert (await shown(f"X-Forwarded-Proto: {value}"))[1] == scheme


async def test_several_schemes_in_step_with_the_addresses(shown: Any) -> None:
    fields = ("X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.1",)
    assert (await shown(*fields, "X-Forwarded-Proto: http, https, http"))[1] == "https"
    assert (await shown(*fields, "X-Forwarded-Proto: https, http"))[1] == "http"


async def test_x_forwarded_host_only_when_told(shown: Any) -> None:
    field = "X-Forwarded-Host: spoofed, www.example.com:8443"
    assert (await shown(field))[2] == "inner"
    assert (await shown(field, host=True))[2] == "www.example.com:8443"
    for wrong in ("a b", "x/y", "x@y", "x?y", "", "x:99999", "%zz"):
        assert (await shown(f"X-Forwarded-Host: {wrong}", host=True))[2] == "inner"


# RFC 7239


@pytest.mark.parametrize(
    ("value", "remote", "scheme", "host"),
    [
        ("for=203.0.113.7;proto=https;host=www.example.com", "203.0.113.7", "https", "www"),
        ('For="[2001:db8::1]:4711";Proto=HTTPS', "2001:db8::1", "https", None),
        ('for="203.0.113.7:4711"', "203.0.113.7", None, None),
        ("for=198.51.100.1;proto=http, for=203.0.113.7;proto=https", "203.0.113.7", "https", None),
        (
            "for=203.0.113.7;proto=https;host=www.example.com, for=10.1.2.3;proto=http;host=mid",
            "203.0.113.7",
            "https",
            "www",
        ),
        ("for=203.0.113.7, for=unknown", "unknown", None, None),
        ("for=203.0.113.7, for=_hidden;proto=https", "_hidden", "https", None),
        ("for=_h, for=10.0.0.1;proto=http", "_h", None, None),
        ("for=203.0.113.7, broken;;=", None, None, None),
        ("for=203.0.113.7;for=203.0.113.8", None, None, None),
        ("proto=https", None, "https", None),
        ('for="', None, None, None),
        ("", None, None, None),
    ],
)
async def test_forwarded(
    value: str, remote: str | None, scheme: str | None, host: str | None, shown: Any
) -> None:
    seen = await shown(f"Forwarded: {value}", header="Forwarded", host=True)
    assert seen[0] == (remote or "127.0.0.1")
    assert seen[1] == (scheme or "http")
    assert seen[2] == ("www.example.com" if host else "inner")


async def test_only_the_field_that_was_named_is_read(shown: Any) -> None:
    fields = ("X-Forwarded-For: 203.0.113.7", "Forwarded: for=198.51.100.1")
    assert (await shown(*fields))[0] == "203.0.113.7"
    assert (await shown(*fields, header="Forwarded"))[0] == "198.51.100.1"


async def test_a_bound_on_hops(shown: Any) -> None:
    trusted = ", ".join(f"10.0.0.{number}" for number in range(1, 9))
    field = f"X-Forwarded-For: 203.0.113.7, {trusted}"
    assert (await shown(field, max_hops=9))[0] == "203.0.113.7"
    assert (await shown(field, max_hops=8))[0] == "10.0.0.1"


def test_hostile_lists_are_read_no_further_than_needed() -> None:
    proxies = TrustedProxies(["10.0.0.0/8"], unix=False, max_hops=10)
    asked = 0

    def hops() -> Any:
        nonlocal asked
        while True:
            asked += 1
            yield "10.0.0.1"

    assert proxies.client(hops()) == ("10.0.0.1", 10)
    assert asked == 10


@pytest.mark.parametrize(
    ("networks", "error"),
    [
        (["x"], ValueError),
        (["10.0.0.0/33"], ValueError),
        ("10.0.0.1", TypeError),
        (None, TypeError),
    ],
)
def test_what_is_no_list_of_networks(networks: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="network"):
        web.behind_proxies(networks)


def test_a_list_that_trusts_nobody() -> None:
    with pytest.raises(ValueError, match="trusts nobody"):
        web.behind_proxies([], unix=False)
    web.behind_proxies([])


def test_other_mistakes() -> None:
    with pytest.raises(ValueError, match="X-Real-IP"):
        web.behind_proxies(NETWORKS, header="X-Real-IP")
    with pytest.raises(ValueError, match="max_hops"):
        web.behind_proxies(NETWORKS, max_hops=0)


def test_networks_of_every_kind() -> None:
    proxies = TrustedProxies(
        [ip_address("192.0.2.1"), ip_network("198.51.100.0/24"), "10.1.2.3/8", "::1"],
        unix=False,
        max_hops=10,
    )
    for trusted in ("192.0.2.1", "198.51.100.7", "10.9.9.9", "::1", "::ffff:10.0.0.1"):
        assert proxies.trusts_peer(trusted)
    for other in ("192.0.2.2", "198.51.101.7", "11.0.0.1", "::2", None, "", "x"):
        assert not proxies.trusts_peer(other)


@given(st.text(max_size=200))
def test_any_text_is_an_address_or_none(text: str) -> None:
    address = parsed_address(text)
    assert address is None or parsed_address(str(address)) == address


@given(st.ip_addresses(), st.one_of(st.none(), st.integers(0, 65535)))
def test_every_address_with_and_without_a_port(address: Any, port: int | None) -> None:
    expected = getattr(address, "ipv4_mapped", None) or address
    text = str(address)
    if port is not None:
        text = f"[{text}]:{port}" if address.version == 6 else f"{text}:{port}"
    assert parsed_address(text) == expected


@pytest.mark.parametrize("zone", ["eth0", "\x9b31m\u2028forged", ""])
async def test_a_zone_is_no_part_of_an_address_that_was_told(zone: str, shown: Any) -> None:
    assert parsed_address(f"2001:db8::1%{zone}") is None
    assert await shown(f"X-Forwarded-For: 2001:db8::1%{zone}") == UNTOUCHED


def test_a_link_local_peer_has_its_zone_from_the_system() -> None:
    proxies = TrustedProxies(["fe80::/10"], unix=False, max_hops=1)
    assert proxies.trusts_peer("fe80::1%eth0")
    assert not proxies.trusts_peer("2001:db8::1%eth0")
