"""Credentials: given, and found in netrc."""

import pytest
from aiolos_client.auth import check_auth, encode_basic_auth, netrc_auth
from aiolos_protocol.fields.authorization import BasicAuth


def test_basic():
    assert encode_basic_auth("ü", "p") == "Basic w7w6cA=="
    with pytest.raises(TypeError, match=r"proxy_auth must be None or BasicAuth\(\) tuple"):
        check_auth(("user", "password"), "proxy_auth")


@pytest.mark.parametrize(
    ("content", "host", "auth"),
    [
        ("machine a.com login u password p", "a.com", BasicAuth("u", "p")),
        ("machine a.com login u password p", "b.com", None),
        ("default login u password p", "b.com", BasicAuth("u", "p")),
        ("machine a.com account u password p", "a.com", BasicAuth("u", "p")),
        ("nonsense", "a.com", None),
        ("machine A.com login u password p", "a.com", BasicAuth("u", "p")),
        ("machine default login u password p", "default", BasicAuth("u", "p")),
    ],
)
def test_netrc(monkeypatch, tmp_path, content, host, auth):
    path = tmp_path / "netrc"
    path.write_text(content + "\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    assert netrc_auth(host) == auth


@pytest.mark.parametrize("login", ["u:v", "\u20ac"])
def test_an_entry_that_is_none_is_logged(monkeypatch, tmp_path, caplog, login):
    path = tmp_path / "netrc"
    path.write_text(f"machine a.com login {login} password secret\n", "utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    assert netrc_auth("a.com") is None
    assert f"the entry for a.com in the file {path} is ignored" in caplog.text
    assert "secret" not in caplog.text


def test_netrc_at_home(monkeypatch, tmp_path):
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert netrc_auth("a.com") is None
    for name in (".netrc", "_netrc"):
        path = tmp_path / name
        path.write_text("machine a.com login u password p\n")
        path.chmod(0o600)
    assert netrc_auth("a.com") == BasicAuth("u", "p")


def test_netrc_that_is_not_there_is_logged(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("NETRC", str(tmp_path / "nowhere"))
    assert netrc_auth("a.com") is None
    assert "which is no file" in caplog.text


def test_netrc_that_is_no_text_is_logged(monkeypatch, tmp_path, caplog):
    path = tmp_path / "netrc"
    path.write_bytes(b"machine a.com login \xff password p\n")
    monkeypatch.setenv("NETRC", str(path))
    assert netrc_auth("a.com") is None
    assert f"the file {path} is ignored" in caplog.text
