"""Negotiating permessage-deflate: RFC 6455 9.1, RFC 7692 5 and 7.1."""

import pytest
from aiolos_protocol.errors import UpgradeRefused
from aiolos_websocket.extensions import Compression, answer, confirm, offer, parse


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], []),
        (["", " , "], []),
        (["foo"], [("foo", [])]),
        (["foo, bar; baz=2"], [("foo", []), ("bar", [("baz", "2")])]),
        (["foo", "bar"], [("foo", []), ("bar", [])]),
        (['bar; a="x" ;b'], [("bar", [("a", "x"), ("b", None)])]),
    ],
)
def test_lists_of_extensions(fields, expected):
    assert parse(fields) == expected


@pytest.mark.parametrize(
    "field", ["a b", ";", "a;", "a;;b", "a; b=", "a; =b", 'a; b="x y"', 'a; b=""', "é"]
)
def test_what_is_no_list(field):
    with pytest.raises(UpgradeRefused, match="not a list of extensions"):
        parse([field])


@pytest.mark.parametrize(
    ("window", "takeover", "expected"),
    [
        (15, True, "permessage-deflate; client_max_window_bits"),
        (
            12,
            True,
            (
                "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12, "
                "permessage-deflate; client_max_window_bits=12"
            ),
        ),
        (
            15,
            False,
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
                "client_max_window_bits"
            ),
        ),
    ],
)
def test_offers(window, takeover, expected):
    assert offer(window, takeover) == expected


@pytest.mark.parametrize(
    ("offered", "expected", "field"),
    [
        ("client_max_window_bits", Compression(12, 12), "client_max_window_bits=12"),
        ("client_max_window_bits=10", Compression(12, 10), "client_max_window_bits=10"),
        ("client_max_window_bits=8", Compression(12, 8), "client_max_window_bits=8"),
        (
            "client_max_window_bits; server_max_window_bits=10",
            Compression(10, 12),
            "server_max_window_bits=10; client_max_window_bits=12",
        ),
        (
            "client_max_window_bits; server_max_window_bits=15",
            Compression(12, 12),
            "server_max_window_bits=12; client_max_window_bits=12",
        ),
        (
            "client_max_window_bits; server_no_context_takeover",
            Compression(12, 12, server_takeover=False),
            "server_no_context_takeover; client_max_window_bits=12",
        ),
        # Whose window cannot be bounded must not keep it.
        ("", Compression(12, 15, client_takeover=False), "client_no_context_takeover"),
        (
            "client_no_context_takeover",
            Compression(12, 15, client_takeover=False),
            "client_no_context_takeover",
        ),
    ],
)
def test_a_server_answers_each_parameter(offered, expected, field):
    offers = parse(["permessage-deflate" + ("; " + offered if offered else "")])
    assert answer(offers, 12) == (
        expected,
        "permessage-deflate" + ("; " + field if field else ""),
    )


@pytest.mark.parametrize(
    "offered",
    [
        "x-webkit-deflate-frame",
        "permessage-deflate; unknown",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; client_max_window_bits=x",
        "permessage-deflate; server_no_context_takeover=1",
        # RFC 7692 7.1: to decline, not to refuse.
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "x-foo; a=1; a=2",
    ],
)
def test_an_offer_that_a_server_declines(offered):
    assert answer(parse([offered]), 15) is None
    # RFC 7692 5.1: the next offer may do.
    agreed, field = answer(parse([offered + ", permessage-deflate"]), 15)
    assert agreed == Compression()
    assert field == "permessage-deflate"


def test_a_server_that_keeps_no_window():
    agreed, field = answer(parse(["permessage-deflate"]), 15, takeover=False)
    assert agreed == Compression(server_takeover=False, client_takeover=False)
    assert field == ("permessage-deflate; server_no_context_takeover; client_no_context_takeover")


@pytest.mark.parametrize(
    ("answered", "window", "expected"),
    [
        ("", 15, Compression()),
        ("client_max_window_bits=10", 15, Compression(client_window=10)),
        ("server_max_window_bits=10", 15, Compression(server_window=10)),
        ("server_max_window_bits=10", 12, Compression(10, 12)),
        ("client_max_window_bits=13", 12, Compression(15, 12)),
        ("server_no_context_takeover", 15, Compression(server_takeover=False)),
        ("client_no_context_takeover", 15, Compression(client_takeover=False)),
    ],
)
def test_a_client_takes_each_parameter(answered, window, expected):
    chosen = parse(["permessage-deflate" + ("; " + answered if answered else "")])
    assert confirm(chosen, window) == expected


def test_a_client_takes_no_for_an_answer():
    assert confirm([], 15) is None


@pytest.mark.parametrize(
    ("answered", "window", "match"),
    [
        ("permessage-deflate", 0, "not offered so"),
        ("x-webkit", 15, "not offered so: x-webkit"),
        ("permessage-deflate, permessage-deflate", 15, "not offered so"),
        ("permessage-deflate; unknown", 15, "parameters that there are not"),
        ("permessage-deflate; client_max_window_bits", 15, "parameters that there are not"),
        (
            "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
            15,
            "or twice",
        ),
    ],
)
def test_an_answer_that_a_client_refuses(answered, window, match):
    with pytest.raises(UpgradeRefused, match=match):
        confirm(parse([answered]), window)


def test_a_server_must_give_up_its_window_where_it_was_asked_to():
    with pytest.raises(UpgradeRefused, match="ignores server_no_context_takeover"):
        confirm(parse(["permessage-deflate"]), 15, takeover=False)
