"""Cookie jars: what is taken, what is sent where (RFC 6265bis)."""

import json
import os
import pickle
from http.cookies import Morsel, SimpleCookie
from unittest import mock

import pytest
from aiolos_client import ClientSession
from aiolos_client.cookiejar import CookieJar, DummyCookieJar, cookie_pairs
from aiolos_client.cookiestore import COOKIES, DOMAIN_COOKIES
from aiolos_client.publicsuffix import registrable_domain
from aiolos_protocol.limits import Limits
from yarl import URL

NOW = 1_700_000_000.0
SITE = URL("https://www.example.com/a/b")


class Wall:
    """A clock on the wall that stands still."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def jar(wall):
    return CookieJar(wall=wall)


def sent(jar, url):
    return jar.filter_cookies(URL(url)).pairs


def took(header, *, by=SITE, wall=None, **options):
    jar = CookieJar(wall=wall or Wall(), **options)
    jar.update_cookies_from_headers([header], by)
    return jar


@pytest.mark.parametrize(
    ("header", "goes", "stays"),
    [
        ("a=1", "https://www.example.com/a/", "https://example.com/a/"),
        ("a=1", "https://www.example.com/a", "https://www.example.com/"),
        ("a=1; Path=/", "https://www.example.com/", "https://api.example.com/"),
        ("a=1; Domain=example.com", "https://api.example.com/a/", "https://example.org/a/"),
        ("a=1; Domain=.EXAMPLE.com", "https://example.com/a/", "https://notexample.com/a/"),
        ("a=1; Path=/a/b", "https://www.example.com/a/b/c", "https://www.example.com/a/bc"),
        ("a=1; Secure", "https://www.example.com/a/", "http://www.example.com/a/"),
        ("a=1; Secure", "wss://www.example.com/a/", "ws://www.example.com/a/"),
        ("a=1", "http://www.example.com:8080/a/", "http://www.example.net/a/"),
    ],
)
def test_where_a_cookie_goes(header, goes, stays):
    jar = took(header)
    assert sent(jar, goes) == [("a", "1")]
    assert sent(jar, stays) == []


@pytest.mark.parametrize(
    ("header", "by"),
    [
        ("a=1; Domain=other.com", SITE),
        ("a=1; Domain=api.example.com", SITE),
        ("a=1; Domain=com", SITE),
        ("__Host-a=1; Secure; Path=/; Domain=www.example.com", SITE),
        ("__Host-a=1; Secure; Path=/a", SITE),
        ("__Host-a=1; Path=/", SITE),
        ("__Secure-a=1", SITE),
        ("a=1; Secure", SITE.with_scheme("http")),
        ("a=1", URL("http://127.0.0.1/")),
        ("a=1", URL("http://[::1]/")),
        ("a=" + "x" * 5000, SITE),
        ("a=\x01", SITE),
        ("=", SITE),
        ("a=1; Max-Age=0", SITE),
        ("a=1; Max-Age=-5", SITE),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", SITE),
        ("a=1; Expires=Thu, 01 Jan 1970", SITE),
    ],
)
def test_what_is_not_taken(header, by):
    assert len(took(header, by=by)) == 0


def test_the_public_suffixes_of_the_list_have_no_cookies():
    if not os.environ.get("CI"):
        pytest.importorskip("publicsuffixlist", reason="an extra of users")
    jar = took("a=1; Domain=co.uk", by=URL("https://www.shop.co.uk/"))
    assert len(jar) == 0


def test_a_host_that_is_a_public_suffix_has_cookies_of_its_own():
    jar = took("a=1; Domain=localhost", by=URL("http://localhost/"))
    assert sent(jar, "http://localhost/") == [("a", "1")]
    assert sent(jar, "http://sub.localhost/") == []


def test_prefixes_that_hold_what_they_promise():
    jar = took("__Host-a=1; Secure; Path=/")
    assert sent(jar, "https://www.example.com/") == [("__Host-a", "1")]


def test_unsafe_takes_those_of_addresses():
    jar = took("a=1", by=URL("http://127.0.0.1/"), unsafe=True)
    assert sent(jar, "http://127.0.0.1/") == [("a", "1")]
    assert sent(jar, "http://0.0.1/") == []


def test_a_trusted_origin_counts_as_secure():
    by = URL("http://dev.example.com:8080/")
    jar = took("a=1; Secure", by=by, treat_as_secure_origin="http://dev.example.com:8080/x")
    assert sent(jar, "http://dev.example.com:8080/") == [("a", "1")]
    assert sent(jar, "http://dev.example.com/") == []


def test_an_insecure_origin_does_not_replace_a_secure_cookie(jar):
    jar.update_cookies_from_headers(["a=1; Secure; Path=/; Domain=example.com"], SITE)
    jar.update_cookies_from_headers(["a=evil; Path=/"], SITE.with_scheme("http"))
    assert sent(jar, "https://www.example.com/") == [("a", "1")]


def test_max_age_outranks_expires_and_ends(jar, wall):
    jar.update_cookies_from_headers(
        ["a=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], SITE
    )
    assert len(jar) == 1
    wall.now += 59
    assert sent(jar, "https://www.example.com/") == [("a", "1")]
    wall.now += 1
    assert sent(jar, "https://www.example.com/") == []
    assert len(jar) == 0


def test_nothing_is_kept_for_more_than_400_days(jar, wall):
    jar.update_cookies_from_headers(["a=1; Max-Age=999999999", "b=1; Expires=1 Jan 9999"], SITE)
    wall.now += 400 * 86400 - 1
    assert len(jar) == 2
    wall.now += 1
    assert len(jar) == 0


def test_a_cookie_is_taken_away_by_its_like(jar):
    jar.update_cookies_from_headers(["a=1; Path=/", "a=2; Path=/a"], SITE)
    jar.update_cookies_from_headers(["a=; Path=/; Max-Age=0"], SITE)
    assert sent(jar, str(SITE)) == [("a", "2")]


def test_long_paths_go_first_then_old_ones(jar):
    for header in ("a=1; Path=/", "b=2; Path=/a", "c=3; Path=/", "a=4; Path=/"):
        jar.update_cookies_from_headers([header], SITE)
    assert sent(jar, str(SITE)) == [("b", "2"), ("a", "4"), ("c", "3")]


def test_cookies_of_one_name_are_all_sent(jar):
    jar.update_cookies_from_headers(["a=1; Path=/", "a=2; Path=/a"], SITE)
    assert sent(jar, str(SITE)) == [("a", "2"), ("a", "1")]
    assert jar.filter_cookies(SITE)["a"].value == "2"


def test_the_bounds(jar):
    for number in range(DOMAIN_COOKIES + 5):
        jar.update_cookies_from_headers([f"n{number}=1"], SITE)
    assert len(jar) == DOMAIN_COOKIES
    assert {each.key for each in jar}.isdisjoint({"n0", "n4"})
    for number in range(COOKIES):
        jar.update_cookies({"a": "1"}, URL(f"https://h{number}.example.org/"))
    assert len(jar) == COOKIES


def test_a_site_with_many_hosts_does_not_push_out_the_others(jar):
    bank, evil = URL("https://bank.example/"), "evil.example"
    jar.update_cookies_from_headers(["bank=1"], bank)
    for level in range(COOKIES // DOMAIN_COOKIES + 1):
        evil = f"l{level}.{evil}"
        for number in range(DOMAIN_COOKIES):
            jar.update_cookies_from_headers([f"n{number}=1"], URL(f"https://{evil}/"))
    assert len(jar) == COOKIES
    assert sent(jar, str(bank)) == [("bank", "1")]


def test_of_many_sites_those_go_that_were_not_used_for_the_longest_time(jar):
    for number in range(COOKIES + 2):
        jar.update_cookies_from_headers(["a=1"], URL(f"https://h{number}.example/"))
    assert len(jar) == COOKIES
    assert [number for number in range(5) if sent(jar, f"https://h{number}.example/")] == [2, 3, 4]


@pytest.mark.parametrize(
    ("domain", "site"),
    [
        ("a.b.example.com", "example.com"),
        ("example.com", "example.com"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_the_site_of_a_domain(domain, site, monkeypatch):
    registrable_domain.cache_clear()
    assert registrable_domain(domain) == site
    registrable_domain.cache_clear()
    monkeypatch.setattr("aiolos_client.publicsuffix._suffixes", lambda: None)
    assert registrable_domain(domain) == site
    registrable_domain.cache_clear()


def test_of_a_full_domain_those_go_that_were_not_used_for_the_longest_time(jar):
    jar.update_cookies_from_headers(["sent=1; Path=/sent", "kept=1; Path=/other"], SITE)
    for number in range(DOMAIN_COOKIES - 2):
        jar.update_cookies_from_headers([f"n{number}=1; Path=/other"], SITE)
    assert sent(jar, "https://www.example.com/sent") == [("sent", "1")]
    jar.update_cookies_from_headers(["kept=2; Path=/other"], SITE)
    jar.update_cookies_from_headers(["new=1", "newer=1"], SITE)
    names = {each.key for each in jar}
    assert names >= {"sent", "kept", "n2", "new", "newer"}
    assert names.isdisjoint({"n0", "n1"})


def test_a_secure_cookie_does_not_go_for_one_that_is_not(jar):
    for number in range(DOMAIN_COOKIES):
        jar.update_cookies_from_headers([f"n{number}=1; Secure"], SITE)
    jar.update_cookies_from_headers(["new=1"], SITE)
    assert {each.key for each in jar} == {f"n{number}" for number in range(DOMAIN_COOKIES)}


def test_the_time_is_what_time_time_says_at_each_call(monkeypatch):
    jar = CookieJar()
    monkeypatch.setattr("time.time", lambda: NOW)
    jar.update_cookies_from_headers(["a=1; Path=/; Max-Age=60"], SITE)
    monkeypatch.setattr("time.time", lambda: NOW + 59)
    assert sent(jar, str(SITE)) == [("a", "1")]
    monkeypatch.setattr("time.time", lambda: NOW + 60)
    assert sent(jar, str(SITE)) == []


def test_cookies_without_an_origin_go_everywhere(jar):
    jar.update_cookies({"a": "x y"})
    assert sent(jar, "http://anywhere.net/") == [("a", '"x y"')]
    assert sent(jar, "http://127.0.0.1/") == [("a", '"x y"')]


def test_values_without_quotes():
    jar = CookieJar(quote_cookie=False)
    jar.update_cookies({"a": "x y"})
    assert sent(jar, "http://a.com/") == [("a", "x y")]


@pytest.mark.parametrize(
    ("given", "url", "sent"),
    [
        ("a=1; Domain=example.com", "http://www.example.com/", True),
        ("a=1; Domain=example.com", "http://other.com/", False),
        ("a=1; Path=/b", "http://example.com/b/c", True),
        ("a=1; Path=/b", "http://example.com/bc", False),
        ("a=1", "http://example.com/", True),
    ],
)
async def test_cookies_of_a_request_go_where_they_are_for(given, url, sent):
    cookies = SimpleCookie()
    cookies.load(given)
    async with ClientSession() as session:
        request = session._composer.compose(session, "GET", url, {"cookies": cookies}, 0.0)
    assert request.cookies == ((("a", "1"),) if sent else ())


async def test_a_jar_of_ones_own_decides_what_is_sent(talk):
    class Jar(CookieJar):
        def filter_cookies(self, request_url):
            cookies = super().filter_cookies(request_url)
            del cookies["track"]
            cookies["a"] = "new"
            cookies["mine"] = "x y"
            cookies.update({"more": "1"})
            return cookies

    jar = Jar(unsafe=True)
    async with talk(cookie_jar=jar) as (peer, session):
        jar.update_cookies({"track": "1", "a": "old", "b": "2"}, URL(peer.url))
        async with session.get("/"):
            pass
    assert b'\r\nCookie: a=new; b=2; mine="x y"; more=1\r\n' in peer.requests[0]


def test_a_pickle_is_not_read(jar, tmp_path):
    path = tmp_path / "cookies"
    path.write_bytes(pickle.dumps({}))
    with pytest.raises(ValueError, match="pickles, as aiohttp wrote them once, are not read"):
        jar.load(path)


def test_a_number_is_a_value(jar):
    jar.update_cookies({"a": 5, "b": 0.5}, SITE)
    assert {each.key: each.value for each in jar} == {"a": "5", "b": "0.5"}
    assert cookie_pairs({"c": 7}) == [("c", "7")]


@pytest.mark.parametrize(
    ("cookies", "kind", "words"),
    [
        ("a=1", TypeError, "a mapping or pairs"),
        (5, TypeError, "a mapping or pairs"),
        (["a"], TypeError, "pairs of name and value"),
        ({"a": None}, TypeError, "the cookie 'a' takes a str, a number"),
        ({"": "1"}, ValueError, "a cookie has a name"),
        ({"a": Morsel()}, TypeError, "the cookie 'a' is a Morsel without name"),
        ({"a\r\nb": "1"}, ValueError, "control character"),
        ({"a": "x\ud800"}, ValueError, "surrogate"),
    ],
)
def test_what_is_no_cookie(jar, cookies, kind, words):
    with pytest.raises(kind, match=words):
        jar.update_cookies(cookies)


def test_morsels_and_simple_cookies(jar):
    cookies = SimpleCookie()
    cookies.load("a=1; Path=/a")
    jar.update_cookies(cookies, SITE)
    jar.update_cookies([("b", cookies["a"])], SITE)
    assert sent(jar, str(SITE)) == [("a", "1")]
    assert cookie_pairs(cookies) == [("a", "1")]


def test_bytes_that_are_no_text_go_back_as_they_came(jar):
    jar.update_cookies_from_headers(["a=\udcff; Path=/"], SITE)
    assert sent(jar, str(SITE)) == [("a", "\udcff")]


def test_a_simple_cookie_as_a_value_gives_its_cookies(jar):
    jar.update_cookies({"any": SimpleCookie("a=1; Path=/"), "none": SimpleCookie()}, SITE)
    assert sent(jar, str(SITE)) == [("a", "1")]


def test_a_path_that_begins_without_a_slash_is_none(jar):
    jar.update_cookies(SimpleCookie("a=1; Path=elsewhere"), SITE)
    assert next(iter(jar))["path"] == "/a"


def test_clearing(jar):
    for header in ("a=1", "b=1; Domain=example.com"):
        jar.update_cookies_from_headers([header], SITE)
    jar.clear(lambda morsel: morsel.key == "a")
    assert [each.key for each in jar] == ["b"]
    jar.clear_domain("other.com")
    assert len(jar) == 1
    jar.clear_domain("example.com")
    assert len(jar) == 0
    jar.update_cookies({"a": "1"})
    jar.clear()
    assert list(jar) == []


def test_clearing_some_forgets_what_has_expired_too(jar, wall):
    jar.update_cookies_from_headers(["a=1; Max-Age=60", "b=1"], SITE)
    wall.now += 60
    jar.clear(lambda morsel: False)
    wall.now -= 60
    assert [each.key for each in jar] == ["b"]


def test_what_it_shows(jar):
    jar.update_cookies_from_headers(["a=1; Path=/; HttpOnly"], SITE)
    assert jar.host_only_cookies == {("www.example.com", "/", "a")}
    morsel = jar.cookies["www.example.com", "/"]["a"]
    assert (morsel.value, morsel["path"], morsel["httponly"]) == ("1", "/", True)
    assert next(iter(jar))["domain"] == "www.example.com"
    assert (jar.unsafe, jar.quote_cookie, jar.treat_as_secure_origin) == (False, True, frozenset())
    with pytest.raises(TypeError):
        jar.cookies["a", "/"] = SimpleCookie()


def test_a_file(jar, wall, tmp_path):
    path = tmp_path / "cookies.json"
    jar.update_cookies_from_headers(
        ['a="x y"; Path=/; Max-Age=60', "b=1; Domain=example.com; Secure; SameSite=Lax"], SITE
    )
    jar.update_cookies({"everywhere": "1"})
    jar.save(path)
    assert os.name == "nt" or path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["www.example.com|/"]["a"]["expires_timestamp"] == NOW + 60
    other = CookieJar(wall=wall)
    other.load(path)
    for url in (SITE, URL("http://api.example.com/a/x")):
        assert sent(other, url) == sent(jar, url)
    wall.now += 60
    other.load(str(path))
    assert sorted(each.key for each in other) == ["b", "everywhere"]
    assert [each.name for each in tmp_path.iterdir()] == ["cookies.json"]


def saved(tmp_path, **entry):
    path = tmp_path / "cookies.json"
    path.write_text(json.dumps({"example.com|": {"a": {"value": "1", **entry}}}))
    return path


@pytest.mark.parametrize(
    ("entry", "expires"),
    [
        ({}, ""),
        ({"expires_timestamp": NOW + 60}, "Tue, 14 Nov 2023 22:14:20 GMT"),
        ({"expires_timestamp": 1e300}, "Wed, 18 Dec 2024 22:13:20 GMT"),
        ({"max-age": "60"}, "Tue, 14 Nov 2023 22:14:20 GMT"),
        ({"expires": "Tue, 14 Nov 2023 22:15:00 GMT"}, "Tue, 14 Nov 2023 22:15:00 GMT"),
    ],
)
def test_how_long_a_cookie_of_a_file_is_kept(jar, tmp_path, entry, expires):
    jar.load(saved(tmp_path, **entry))
    assert [each["expires"] for each in jar] == [expires]


@pytest.mark.parametrize("moment", [-1e300, 0, NOW])
def test_what_has_expired_is_not_taken_from_a_file(jar, tmp_path, moment):
    jar.load(saved(tmp_path, expires_timestamp=moment))
    assert len(jar) == 0


@pytest.mark.parametrize(
    "entry",
    [
        {"expires_timestamp": "soon"},
        {"expires_timestamp": "nan"},
        {"expires_timestamp": float("inf")},
        {"expires_timestamp": float("-inf")},
        {"expires_timestamp": 10**1000},
        {"path": 5},
        {"domain": ["a"]},
    ],
)
def test_a_file_with_an_attribute_that_is_none_changes_nothing(jar, tmp_path, entry):
    jar.update_cookies_from_headers(["here=1"], SITE)
    with pytest.raises(ValueError, match="is no file of cookies") as told:
        jar.load(saved(tmp_path, **entry))
    if "expires_timestamp" in entry and entry["expires_timestamp"] != 10**1000:
        words = "Cookie 'a' in 'example.com|': expiration timestamp must be a finite number"
        assert words in str(told.value)
    assert isinstance(told.value, TypeError) == ("path" in entry or "domain" in entry)
    assert [each.key for each in jar] == ["here"]


@pytest.mark.parametrize("size", [10, 11])
def test_the_limit_of_a_cookie_is_told_with_what_raises_it(size, caplog):
    jar = CookieJar(limits=Limits(cookie=10))
    jar.update_cookies_from_headers([f"a={'b' * (size - 1)}"], SITE)
    assert len(jar) == (1 if size == 10 else 0)
    told = "the limit cookie=10 was exceeded; raise it with CookieJar(limits=Limits(cookie=...))"
    assert (told in caplog.text) is (size == 11)


def test_what_cannot_be_sent_is_not_taken_from_a_file(jar, tmp_path, caplog):
    jar.load(saved(tmp_path, coded_value="x\ud800"))
    assert len(jar) == 0
    assert "the cookie a of example.com is ignored" in caplog.text


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"a|/": {"b": {}}}', "\x80\x04.", "[" * 100_000],
    ids=range(5),
)
def test_a_file_of_something_else(jar, tmp_path, content):
    path = tmp_path / "cookies.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"cookies\.json is no file of cookies"):
        jar.load(path)


def test_a_dummy_keeps_nothing():
    jar = DummyCookieJar()
    jar.update_cookies({"a": "1"})
    jar.update_cookies_from_headers(["a=1"], SITE)
    jar.clear()
    jar.clear_domain("x")
    assert (len(jar), list(jar), jar.filter_cookies(SITE)) == (0, [], {})
    assert (jar.unsafe, jar.quote_cookie, jar.cookies) == (False, True, {})
    assert jar.treat_as_secure_origin == frozenset()


@pytest.mark.parametrize("kind", [CookieJar, DummyCookieJar])
async def test_a_jar_whose_filter_is_replaced_is_asked(talk, kind):
    jar = kind()
    async with talk(cookie_jar=jar) as (peer, session):
        assert jar.is_empty()
        with mock.patch.object(jar, "filter_cookies", return_value=SimpleCookie("a=1")) as found:
            async with session.get("/"):
                pass
        found.assert_called_once()
    assert b"Cookie: a=1\r\n" in peer.requests[0]


@pytest.mark.parametrize("kind", [CookieJar, DummyCookieJar])
def test_a_jar_whose_class_was_patched_is_asked(kind):
    with mock.patch.object(kind, "filter_cookies", return_value=SimpleCookie("a=1")):
        assert not kind().is_empty()
    assert kind().is_empty()


async def test_a_dummy_that_finds_cookies_elsewhere_is_asked(talk):
    class Own(DummyCookieJar):
        def filter_cookies(self, request_url):
            return SimpleCookie({"a": "1"})

    async with talk(cookie_jar=Own()) as (peer, session):
        await (await session.get("/")).read()
        assert b"\r\nCookie: a=1\r\n" in peer.requests[0]


async def test_a_name_that_would_be_another_one(talk):
    async with talk() as (peer, session):
        with pytest.raises(ValueError, match="'a=b' is no cookie's name"):
            await session.get("/", cookies={"a=b": "c"})
        assert peer.requests == []
