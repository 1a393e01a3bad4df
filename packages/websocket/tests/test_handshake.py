"""The opening handshake: RFC 6455 4, and RFC 8441 for HTTP/2."""

import base64
import re

import pytest
from aiolos_protocol.errors import UpgradeRefused
from aiolos_protocol.http1.parser import parse_request, parse_response
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.message import (
    HttpVersion10,
    HttpVersion11,
    HttpVersion20,
    RequestHead,
    ResponseHead,
)
from aiolos_protocol.websocket import WSOptions
from aiolos_websocket.component import answer, offer
from aiolos_websocket.handshake import accept_value
from multidict import CIMultiDict

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GOOD = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def request(*without, method="GET", version=HttpVersion11, more=(), **changed):
    fields = CIMultiDict(GOOD)
    for name in without:
        fields.popall(name)
    for name, value in changed.items():
        fields[name.replace("_", "-")] = value
    for name, value in more:
        fields.add(name, value)
    return RequestHead(method, "/chat", version, fields)


def refused(head, match, status=400, **options):
    with pytest.raises(UpgradeRefused, match=match) as caught:
        answer(head, WSOptions(**options))
    assert caught.value.status == status
    return caught.value


# The server's side.


def test_the_example_of_the_standard():
    # RFC 6455 1.3
    assert accept_value(KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    agreement = answer(request(), WSOptions())
    assert agreement.status == 101
    assert agreement.subprotocol is None
    assert dict(agreement.headers) == {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    }


def test_what_browsers_send():
    data = (
        b"GET /chat HTTP/1.1\r\nHost: localhost:8080\r\nConnection: keep-alive, Upgrade\r\n"
        b"Pragma: no-cache\r\nUpgrade: WebSocket\r\nOrigin: http://localhost:8080\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY.encode() + b"\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
    )
    agreement = answer(parse_request(data, 0, DEFAULT_LIMITS), WSOptions(compress=15))
    assert agreement.status == 101
    assert "permessage-deflate" in agreement.headers["Sec-WebSocket-Extensions"]


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS"])
def test_another_method(method):
    error = refused(request(method=method), f"by GET, not by {method}", 405)
    assert error.headers == {"Allow": "GET"}


@pytest.mark.parametrize("field", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
def test_a_request_with_a_body(field):
    fields = "".join(f"{name}: {value}\r\n" for name, value in GOOD.items()).encode()
    data = b"GET /chat HTTP/1.1\r\n" + fields + field + b"\r\n\r\n"
    refused(parse_request(data, 0, DEFAULT_LIMITS), "without a body")


def test_a_request_with_a_body_of_nothing():
    head = request(Content_Length="0")
    head.length = 0
    assert answer(head, WSOptions()).status == 101


def test_http_1_0():
    refused(request(version=HttpVersion10), r"HTTP/1\.1 or later")


@pytest.mark.parametrize("upgrade", ["h2c", "websockets", ""])
def test_another_upgrade(upgrade):
    refused(request(Upgrade=upgrade), "no Upgrade: websocket")


def test_no_upgrade_at_all():
    refused(request("Upgrade"), "no Upgrade: websocket")
    refused(request("Connection"), "no Connection: Upgrade")
    refused(request(Connection="keep-alive"), "no Connection: Upgrade")


@pytest.mark.parametrize("version", ["8", "12", "14", "013", "13, 8", "thirteen"])
def test_another_version(version):
    error = refused(request(Sec_WebSocket_Version=version), f"asked was: '{version}'", 426)
    assert error.headers["Sec-WebSocket-Version"] == "13"
    assert (error.headers["Upgrade"], error.headers["Connection"]) == ("websocket", "Upgrade")


def test_no_version_and_two():
    refused(request("Sec-WebSocket-Version"), "asked was: none", 426)
    refused(request(more=[("Sec-WebSocket-Version", "13")]), "asked was: '13, 13'", 426)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "short",
        base64.b64encode(b"x" * 15).decode(),
        base64.b64encode(b"x" * 17).decode(),
        KEY[:-2] + "!=",
        "x" * 24,
        "é" * 24,
        KEY + " ",
    ],
)
def test_a_bad_key(key):
    refused(request(Sec_WebSocket_Key=key), "Sec-WebSocket-Key")


def test_no_key_and_two():
    refused(request("Sec-WebSocket-Key"), "Sec-WebSocket-Key")
    refused(request(more=[("Sec-WebSocket-Key", KEY)]), "Sec-WebSocket-Key")


def test_origins_are_only_asked_where_a_list_is_given():
    foreign = request(Origin="https://evil.example")
    assert answer(foreign, WSOptions()).status == 101
    refused(foreign, r"'https://evil\.example' may not", 403, origins=("https://good.example",))
    refused(foreign, "may not", 403, origins=())
    listed = WSOptions(origins=("https://good.example", "https://other.example"))
    assert answer(request(Origin="https://Good.example"), listed).status == 101
    # No browser sends none.
    assert answer(request(), listed).status == 101
    both = request(Origin="https://good.example", more=[("Origin", "https://evil.example")])
    refused(both, "evil", 403, origins=("https://good.example",))
    refused(request(Origin="null"), "null", 403, origins=("https://good.example",))


def test_the_clients_first_choice_that_the_server_speaks():
    options = WSOptions(protocols=("b", "a"))
    head = request(Sec_WebSocket_Protocol="x, a,b")
    agreement = answer(head, options)
    assert agreement.subprotocol == agreement.headers["Sec-WebSocket-Protocol"] == "a"
    head = request(more=[("Sec-WebSocket-Protocol", "x"), ("Sec-WebSocket-Protocol", "b")])
    assert answer(head, options).subprotocol == "b"
    agreement = answer(request(Sec_WebSocket_Protocol="x"), options)
    assert agreement.subprotocol is None
    assert "Sec-WebSocket-Protocol" not in agreement.headers


def test_compression_only_where_both_want_it():
    asking = request(Sec_WebSocket_Extensions="permessage-deflate")
    assert answer(asking, WSOptions(compress=15)).terms.compression is not None
    agreement = answer(asking, WSOptions(compress=0))
    assert agreement.terms.compression is None
    assert "Sec-WebSocket-Extensions" not in agreement.headers
    assert answer(request(), WSOptions(compress=15)).terms.compression is None


def test_extensions_that_are_none():
    refused(request(Sec_WebSocket_Extensions="a b"), "not a list of extensions")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Sec-WebSocket-Extensions", {}),
        ("Sec-WebSocket-Version", {}),
        ("Origin", {"origins": ("https://good.example",)}),
    ],
)
@pytest.mark.parametrize("sent", ["\\" * 7000, "\udcff" * 7000])
def test_what_is_refused_is_shown_as_an_excerpt(name, options, sent):
    with pytest.raises(UpgradeRefused) as caught:
        answer(request(**{name.replace("-", "_"): sent}), WSOptions(**options))
    assert len(caught.value.message) < 200
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "origin",
    [
        "https://good.example", "https://Good.example:8443", "http://[::1]:8080", "null",
        "http://localhost", "chrome-extension://abcdef", "http://10.0.0.1", "https://xn--bcher-kva.de",
        "capacitor://localhost",
    ],
)  # fmt: skip
def test_origins_that_browsers_send(origin):
    assert answer(request(Origin=origin), WSOptions(origins=(origin,))).status == 101


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        ("https://good.example/", r"is no scheme://host or scheme://host:port \(RFC 6454 7.1\)$"),
        ("https://good.example/chat", "is no scheme://host"),
        ("good.example", "is no scheme://host"),
        ("//good.example", "is no scheme://host"),
        ("https://*.good.example", "is no scheme://host"),
        ("https://bücher.de", "is no scheme://host"),
        ("https://good.example ", "is no scheme://host"),
        ("https://user@good.example", "is no scheme://host"),
        ("", "is no scheme://host"),
        ("*", "origins=None lets all pages connect"),
        ("https://good.example:443", "without its port"),
        ("http://good.example:80", "without its port"),
    ],
)
def test_origins_that_no_browser_sends(origin, told):
    with pytest.raises(ValueError, match=told):
        WSOptions(origins=("https://a.example", origin))


def test_over_http_2():
    fields = CIMultiDict({"Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "a"})
    head = RequestHead("CONNECT", "/chat", HttpVersion20, fields, protocol="websocket")
    agreement = answer(head, WSOptions(protocols=("a",)))
    assert agreement.status == 200
    assert dict(agreement.headers) == {"Sec-WebSocket-Protocol": "a"}
    head = RequestHead("CONNECT", "/chat", HttpVersion20, fields, protocol="connect-udp")
    refused(head, ":protocol websocket", status=501)
    refused(RequestHead("GET", "/chat", HttpVersion20, fields), "expected CONNECT")


# The client's side.


def response(offered, **changed):
    fields = CIMultiDict(
        {
            "Upgrade": "websocket",
            "Connection": "upgrade",
            "Sec-WebSocket-Accept": accept_value(offered["Sec-WebSocket-Key"]),
        }
    )
    for name, value in changed.items():
        fields[name.replace("_", "-")] = value
    return ResponseHead(101, "Switching Protocols", headers=fields)


def offered(**options):
    made = offer(WSOptions(**options))
    return made, made.head(HttpVersion11).headers


def not_confirmed(match, head=None, options=None, **changed):
    made, fields = offered(**(options or {}))
    with pytest.raises(UpgradeRefused, match=match):
        made.confirm(head or response(fields, **changed))


def test_what_a_client_sends():
    made = offer(
        WSOptions(
            protocols=("a", "b"),
            origin="http://here",
            compress=15,
            headers={"X-Token": "t", "Connection": "close"},
        )
    )
    head = made.head(HttpVersion11)
    assert head.method == "GET"
    assert head.protocol is None
    key = head.headers.pop("Sec-WebSocket-Key")
    assert len(base64.b64decode(key, validate=True)) == 16
    assert dict(head.headers) == {
        "X-Token": "t",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "a, b",
        "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        "Origin": "http://here",
    }
    assert made.head(HttpVersion11).headers["Sec-WebSocket-Key"] != key


def test_what_a_client_sends_over_http_2():
    made = offer(WSOptions(protocols=("a",)))
    head = made.head(HttpVersion20)
    assert (head.method, head.protocol) == ("CONNECT", "websocket")
    assert dict(head.headers) == {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "a"}
    fields = CIMultiDict({"Sec-WebSocket-Protocol": "a"})
    assert made.confirm(ResponseHead(200, "", HttpVersion20, fields)).subprotocol == "a"
    with pytest.raises(UpgradeRefused, match="answered 404, expected 2xx"):
        made.confirm(ResponseHead(404, "", HttpVersion20))


def test_a_server_that_agrees():
    made, fields = offered(protocols=("a", "b"), compress=15)
    agreement = made.confirm(
        response(
            fields,
            Sec_WebSocket_Protocol="b",
            Sec_WebSocket_Extensions="permessage-deflate; server_no_context_takeover",
        )
    )
    assert agreement.subprotocol == "b"
    assert agreement.terms.compression is not None
    assert agreement.headers["Sec-WebSocket-Protocol"] == "b"


def test_the_answer_as_it_comes_from_the_wire():
    made, fields = offered()
    data = (
        "HTTP/1.1 101 Switching Protocols\r\nUPGRADE: WebSocket\r\n"
        "connection: keep-alive, Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_value(fields['Sec-WebSocket-Key'])}\r\n\r\n"
    )
    assert made.confirm(parse_response(data.encode(), 0, DEFAULT_LIMITS)).status == 101


@pytest.mark.parametrize("status", [200, 204, 301, 400, 426, 500])
def test_another_status(status):
    not_confirmed(f"answered {status}.*expected 101", ResponseHead(status, "Whatever"))


def test_an_answer_that_is_none():
    not_confirmed("upgrades to 'h2c', not to 'websocket'", Upgrade="h2c")
    not_confirmed("Connection: 'close'", Connection="close")
    not_confirmed("a cache answered", Sec_WebSocket_Accept=accept_value(KEY))
    not_confirmed("Sec-WebSocket-Accept: None", ResponseHead(101, headers=CIMultiDict(GOOD)))


def test_a_key_that_is_accepted_twice():
    made, fields = offered()
    right = accept_value(fields["Sec-WebSocket-Key"])
    for second in (right, accept_value(KEY)):
        found = CIMultiDict(response(fields).headers)
        found.add("Sec-WebSocket-Accept", second)
        with pytest.raises(UpgradeRefused, match=f"Accept: '{re.escape(f'{right}, {second[:8]}')}"):
            made.confirm(ResponseHead(101, "Switching Protocols", headers=found))


def test_what_was_not_offered():
    not_confirmed("sub-protocol 'x'; offered were: none", Sec_WebSocket_Protocol="x")
    not_confirmed("sub-protocol ''; offered were: none", Sec_WebSocket_Protocol="")
    not_confirmed(
        "offered were: a, b", options={"protocols": ("a", "b")}, Sec_WebSocket_Protocol="a, b"
    )
    made, fields = offered(protocols=("a", "b"))
    good = response(fields)
    headers = CIMultiDict(good.headers)
    headers.add("Sec-WebSocket-Protocol", "a")
    headers.add("Sec-WebSocket-Protocol", "b")
    with pytest.raises(UpgradeRefused, match="chose the sub-protocol 'a, b'"):
        made.confirm(ResponseHead(101, headers=headers))
    not_confirmed("not offered so: x-webkit", Sec_WebSocket_Extensions="x-webkit")
    not_confirmed("not offered so", Sec_WebSocket_Extensions="permessage-deflate")


def test_client_and_server_agree_with_one_another():
    options = WSOptions(protocols=("a",), compress=12)
    made = offer(options)
    head = made.head(HttpVersion11)
    agreement = answer(RequestHead(head.method, "/", headers=head.headers), options)
    confirmed = made.confirm(ResponseHead(agreement.status, headers=agreement.headers))
    assert confirmed.subprotocol == agreement.subprotocol == "a"
    assert confirmed.terms.compression == agreement.terms.compression


def test_a_sub_protocol_that_is_offered_by_a_header():
    for value in ("v4.channel.k8s.io", "a, v4.channel.k8s.io"):
        made, fields = offered(headers={"sec-websocket-protocol": value})
        answer = response(fields, Sec_WebSocket_Protocol="v4.channel.k8s.io")
        assert made.confirm(answer).subprotocol == "v4.channel.k8s.io"
