"""What connections are shared by."""

from aiolos_client.keys import ConnectionKey
from yarl import URL


def test_its_repr_holds_no_password():
    key = ConnectionKey(
        "h",
        80,
        False,
        proxy=URL("socks5://us:s3cret@p:1"),
        proxy_auth="Basic s3cret",
        proxy_headers=(("X-Token", "s3cret"),),
    )
    assert "s3cret" not in repr(key)
    assert "proxy=URL('socks5://us:***@p:1')" in repr(key)
    assert repr(ConnectionKey("h", 80, False)).startswith("ConnectionKey(host='h', port=80, ")
