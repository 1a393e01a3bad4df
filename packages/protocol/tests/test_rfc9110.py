"""RFC 9110, section by section: what it demands of heads, fields and exchanges."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiolos_protocol.compression import compress, decompress, parse_codings
from aiolos_protocol.errors import LocalProtocolError, RemoteProtocolError
from aiolos_protocol.fields.accept import choose_coding, choose_media_type, parse_accept
from aiolos_protocol.fields.authorization import parse_challenges, parse_credentials
from aiolos_protocol.fields.content_type import parse_content_type
from aiolos_protocol.fields.dates import format_http_date, parse_http_date
from aiolos_protocol.fields.etag import ETag, parse_etags, strong_match, weak_match
from aiolos_protocol.fields.ranges import ByteRange, parse_content_range, parse_range
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_server import H1ServerLink
from aiolos_protocol.message import ResponseHead
from aiolos_protocol.testkit import ManualClock, connected
from multidict import CIMultiDict


def request(twin, *lines, start=b"GET / HTTP/1.1"):
    data = b"\r\n".join([start, b"Host: a", *lines, b"", b""])
    return twin.parse_request(data, 0, DEFAULT_LIMITS)


class Role:
    """Has each request answered by `handle(link, head)`."""

    busy = False

    def __init__(self, handle):
        self.handle = handle

    def connected(self, link):
        self.link = link

    def request_received(self, head):
        self.handle(self.link, head)

    def request_refused(self, error):
        return error.status_hint, b""

    def half_closed(self):
        pass

    def lost(self, exc):
        pass


def sent(data, handle):
    """What a server whose requests are answered by `handle` sends back."""

    async def run():
        loop = asyncio.get_running_loop()
        link = H1ServerLink(loop, ManualClock(), DEFAULT_LIMITS, Role(handle), "s")
        transport = connected(loop, link)
        transport.receive(data)
        await asyncio.sleep(0)
        out = transport.sent
        transport.abort()
        await asyncio.sleep(0)
        return out

    return asyncio.run(run())


def answer(link, head, status=200, body=b"body", headers=None):
    link.answer(head, status, "", "text/plain", headers, body, True)


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


# 5: fields


def test_5_1_names_are_case_insensitive(twin):
    head = request(twin, b"x-THING: 1")
    assert head.headers["X-Thing"] == head.headers["x-thing"] == "1"


def test_5_2_and_5_3_repeated_lines_keep_their_order(twin):
    head = request(twin, b"Accept: a", b"X: 1", b"accept: b")
    assert head.headers.getall("Accept") == ["a", "b"]
    assert [name for name, _ in head.raw_headers] == [b"Host", b"Accept", b"X", b"accept"]


@pytest.mark.parametrize("bad", [b"\r", b"\n", b"\0", b"\x0b", b"\x7f"])
def test_5_5_control_bytes_in_a_value_are_refused(twin, bad):
    with pytest.raises(RemoteProtocolError):
        request(twin, b"X: a" + bad + b"b")


def test_5_5_white_space_around_a_value_is_no_part_of_it(twin):
    assert request(twin, b"X: \t a \t b\t ").headers["X"] == "a \t b"


def test_5_6_1_empty_members_of_a_list_count_for_nothing():
    assert parse_accept(" , a,, b ,") == (("a", 1.0), ("b", 1.0))


def test_5_6_7_three_forms_are_read_and_one_is_written():
    moment = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    for text in (
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ):
        assert parse_http_date(text) == moment
    assert format_http_date(moment) == "Sun, 06 Nov 1994 08:49:37 GMT"


# 6 to 8: messages and representations


def test_6_5_1_trailers_are_not_merged_into_the_head():
    seen = []
    data = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    data += b"0\r\nHost: b\r\nX: y\r\n\r\n"

    def handle(link, head):
        body = link.exchange(head).body
        seen.append((head.headers["Host"], "X" in head.headers, dict(body.trailers)))
        answer(link, head)

    sent(data, handle)
    assert seen == [("a", False, {"Host": "b", "X": "y"})]


def test_6_6_1_every_response_has_one_date_and_a_refusal_has_one_too():
    for data in (GET, b"nonsense\r\n\r\n"):
        assert sent(data, answer).count(b"\r\nDate: ") == 1
    own = CIMultiDict({"Date": "Sun, 06 Nov 1994 08:49:37 GMT"})
    out = sent(GET, lambda link, head: answer(link, head, headers=own))
    assert out.count(b"Date: ") == 1


def test_7_2_the_host_that_is_asked(twin):
    head = request(twin)
    assert head.authority == "a"
    with pytest.raises(RemoteProtocolError, match="more than one Host"):
        request(twin, b"Host: a")


def test_7_6_1_options_of_connection_are_case_insensitive(twin):
    assert not request(twin, b"Connection: x, CLOSE").keep_alive


def test_7_8_upgrade_counts_where_connection_names_it_and_never_in_http_1_0(twin):
    both = (b"Connection: Upgrade", b"Upgrade: WebSocket")
    assert request(twin, *both).upgrade == "websocket"
    assert request(twin, both[1]).upgrade is None
    assert request(twin, *both, start=b"GET / HTTP/1.0").upgrade is None


def test_8_3_1_types_are_case_insensitive_and_parameters_may_be_quoted():
    for text in (
        "text/html;charset=utf-8",
        'Text/HTML;Charset="utf-8"',
        'text/html; charset="utf-8"',
    ):
        found = parse_content_type(text)
        assert (found.essence, found.parameters["charset"].lower()) == ("text/html", "utf-8")


def test_8_4_codings_are_undone_in_the_reverse_of_their_order():
    coded = compress(compress(b"body", ["deflate"]), ["gzip"])
    assert decompress(coded, parse_codings("deflate, X-GZIP")) == b"body"


def test_8_6_no_content_length_in_1xx_and_204():
    wrong = CIMultiDict({"Content-Length": "4"})
    out = sent(GET, lambda link, head: answer(link, head, 204, b"", wrong))
    assert b"Content-Length" not in out

    def hint(link, head):
        with pytest.raises(LocalProtocolError, match=r"RFC 9110 8\.6"):
            link.exchange(head).send_head(ResponseHead(103, headers=wrong))
        answer(link, head)

    assert sent(GET, hint).count(b"Content-Length") == 1


def test_8_8_3_2_the_table_of_comparisons():
    weak, other, strong = ETag("1", True), ETag("2", True), ETag("1")
    rows = [
        (weak, weak, False, True),
        (weak, other, False, False),
        (weak, strong, False, True),
        (strong, strong, True, True),
    ]
    for one, two, by_strong, by_weak in rows:
        assert strong_match(one, [two]) == by_strong
        assert weak_match(one, [two]) == by_weak


# 9 to 11: methods, expectations, authentication


def test_9_3_2_head_sends_the_fields_of_get_and_no_body():
    whole = sent(GET, answer).removesuffix(b"body")
    head = sent(GET.replace(b"GET", b"HEAD"), answer)
    assert sorted(head.split(b"\r\n")) == sorted(whole.split(b"\r\n"))


def test_9_3_6_a_2xx_to_connect_has_no_framing():
    def handle(link, head):
        link.exchange(head).send_head(ResponseHead(200, "OK"))

    out = sent(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", handle)
    assert out.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length" not in out
    assert b"Transfer-Encoding" not in out


def test_10_1_1_expectations(twin):
    assert request(twin, b"Expect: 100-Continue").expect
    assert not request(twin, b"Expect: 100-continue", start=b"GET / HTTP/1.0").expect
    with pytest.raises(RemoteProtocolError, match=r"10\.1\.1") as caught:
        request(twin, b"Expect: 200-ok")
    assert caught.value.status_hint == 417


def test_11_6_1_several_challenges_in_one_field():
    field = 'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'
    basic, new = parse_challenges(field)
    assert (basic.scheme, dict(basic.parameters)) == ("basic", {"realm": "simple"})
    assert new.parameters["title"] == 'Login to "apps"'


def test_11_6_2_credentials():
    found = parse_credentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    assert (found.scheme, found.token68) == ("basic", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==")


# 12 to 15: negotiation, conditions, ranges, statuses


def test_12_4_2_weights_have_three_digits_at_the_most():
    assert parse_accept("a;q=0.5, b;q=0.555, c;q=0.5555, d;q=2") == (("b", 0.555), ("a", 0.5))


def test_12_5_1_the_most_specific_range_counts():
    accept = "text/*;q=0.3, text/plain;q=0.7, */*;q=0.5"
    assert choose_media_type(accept, ["text/html", "image/png"]) == "image/png"
    assert choose_media_type(accept, ["image/png", "text/plain"]) == "text/plain"
    assert choose_media_type("text/html", ["image/png"]) is None


def test_12_5_3_identity_is_possible_unless_it_is_refused():
    assert choose_coding("gzip;q=0", ["gzip"]) is None
    assert choose_coding("identity;q=0.5, *;q=0", ["gzip"]) is None
    assert choose_coding("*", ["br", "gzip"]) == "br"


def test_13_1_1_a_broken_list_matches_less():
    assert parse_etags('"a", b, "c"') == (ETag("a"),)
    assert parse_etags("*") == (ETag("*"),)
    assert not strong_match(None, parse_etags("*"))


def test_14_1_2_the_ranges_of_the_standard():
    assert parse_range("bytes=0-499") == (ByteRange(0, 499),)
    assert parse_range("bytes=-500, 9500-") == (ByteRange(None, 500), ByteRange(9500, None))
    with pytest.raises(ValueError, match=r"RFC 9110 14"):
        parse_range("bytes=500-499")


def test_14_4_content_ranges():
    assert parse_content_range("bytes 42-1233/1234")[:3] == (42, 1234, 1234)
    assert parse_content_range("bytes */1234").size == 1234
    with pytest.raises(ValueError, match=r"RFC 9110 14\.4"):
        parse_content_range("bytes 10-9/20")


def test_15_2_no_1xx_to_http_1_0_and_none_as_an_answer():
    def handle(link, head):
        link.exchange(head).send_head(ResponseHead(103, "Early Hints"))
        with pytest.raises(LocalProtocolError, match=r"15\.2"):
            answer(link, head, 100)
        answer(link, head)

    assert sent(GET, handle).startswith(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 ")
    assert sent(GET.replace(b"1.1", b"1.0"), handle).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("status", [0, 99, 600, 1000])
def test_15_statuses_have_three_digits(status):
    with pytest.raises(LocalProtocolError, match="100 to 599|does not end an exchange"):
        sent(GET, lambda link, head: answer(link, head, status))
