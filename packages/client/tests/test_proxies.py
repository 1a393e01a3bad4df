"""Which proxy stands before which URL."""

import pytest
from aiolos_client.errors import InvalidURL
from aiolos_client.proxies import check_proxy, environment_proxy, is_excepted
from yarl import URL


@pytest.mark.parametrize(
    ("no_proxy", "url", "excepted"),
    [
        ("example.com", "http://example.com/", True),
        ("example.com", "http://www.Example.com/", True),
        (".example.com", "http://www.example.com/", True),
        (".example.com", "http://example.com/", True),
        ("*.example.com", "http://www.example.com/", True),
        ("example.com", "http://notexample.com/", False),
        (" a.com , b.com ", "http://b.com/", True),
        ("*", "http://anything/", True),
        ("", "http://anything/", False),
        (",,", "http://anything/", False),
        ("example.com:8080", "http://example.com:8080/", True),
        ("example.com:8080", "http://example.com/", False),
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("10.0.0.0/8", "http://11.1.2.3/", False),
        ("10.0.0.0/8", "http://ten.example/", False),
        ("10.0.0.0/8", "http://[::ffff:10.1.2.3]/", True),
        ("10.1.2.3", "http://[::ffff:10.1.2.3]/", True),
        ("10.0.0.0/8", "http://[::ffff:11.1.2.3]/", False),
        ("::ffff:0:0/96", "http://[::ffff:10.1.2.3]/", True),
        ("192.168.1.1", "http://192.168.1.1/", True),
        ("fd00::/8", "http://[fd12::1]/", True),
        ("::1", "http://[::1]/", True),
        ("[::1]:8080", "http://[::1]:8080/", True),
        ("[::1]:8080", "http://[::1]:81/", False),
        ("168.1.1", "http://192.168.1.1/", False),
    ],
)
def test_exceptions(no_proxy, url, excepted):
    assert is_excepted(URL(url), no_proxy) is excepted


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({"HTTP_PROXY": "http://p:1"}, "http://a/", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "https://a/", None),
        ({"HTTP_PROXY": "http://p:1"}, "ws://a/", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "wss://a/", "http://p:1"),
        ({"https_proxy": "http://p:1", "WSS_PROXY": "http://q:1"}, "wss://a/", "http://q:1"),
        ({"http_proxy": "http://p:1", "ws_proxy": ""}, "ws://a/", "http://p:1"),
        ({"WS_PROXY": "http://p:1", "WSS_PROXY": "http://q:1"}, "http://a/", None),
        ({"HTTP_PROXY": "http://p:1", "http_proxy": "http://q:1"}, "http://a/", "http://q:1"),
        ({"ALL_PROXY": "socks5h://p"}, "https://a/", "socks5h://p:1080"),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "a"}, "http://a/", None),
        ({"HTTP_PROXY": "p:1"}, "http://a/", "http://p:1"),
        ({"HTTP_PROXY": ""}, "http://a/", None),
        ({"HTTP_PROXY": "http://evil", "REQUEST_METHOD": "GET"}, "http://a/", None),
        ({"http_proxy": "http://p", "REQUEST_METHOD": "GET"}, "http://a/", "http://p"),
    ],
)
def test_the_environment(environment, url, proxy):
    expected = None if proxy is None else URL(proxy)
    assert environment_proxy(URL(url), environment) == expected


def test_the_real_environment(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://p:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert environment_proxy(URL("http://a/")) == URL("http://p:1")


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("proxy:3128", "needs its scheme, like http://proxy:3128"),
        ("proxy", "needs its scheme"),
        ("ftp://proxy", "one of http, https, socks4"),
        ("http:///x", "has no host"),
    ],
)
def test_what_is_no_proxy(proxy, words):
    with pytest.raises(InvalidURL, match=words):
        check_proxy(proxy)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_mistake_in_the_environment_is_told_of_it(name):
    told = r"no host's name.*\(the environment's proxy: HTTP_PROXY or ALL_PROXY\)"
    with pytest.raises(InvalidURL, match=told):
        environment_proxy(URL("http://host/"), {name: "http://a b:3128"})


def test_a_proxy_is_a_url():
    with pytest.raises(TypeError, match="a proxy is a URL"):
        check_proxy(5)


@pytest.mark.parametrize(
    "proxy",
    ["us:s3cret@h:1", "http://us:s3cret@h:99999", "ftp://us:s3cret@h", "http://us:s3cret@/"],
)
def test_errors_hold_no_password(proxy):
    with pytest.raises(InvalidURL) as caught:
        check_proxy(proxy)
    assert "s3cret" not in str(caught.value)
    assert "us:***@" in str(caught.value)
