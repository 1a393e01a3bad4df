"""Whether a TLS connection was ended or cut off, as OpenSSL has it (RFC 8446 6.1)."""

import contextlib
import ssl

import pytest
import trustme
from aiolos_protocol.link.closure import is_cut_off


class Transport:
    def __init__(self, tls):
        self._tls = tls

    def get_extra_info(self, name):
        assert name == "ssl_object"
        return self._tls


class Pair:
    """A client's and a server's end of TLS; deliver() carries what each has written."""

    def __init__(self, version):
        authority = trustme.CA()
        of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("a.example").configure_cert(of_server)
        of_client = ssl.create_default_context()
        of_client.maximum_version = version
        authority.configure_trust(of_client)
        self._bios = [ssl.MemoryBIO() for _ in range(4)]
        to_client, from_client, to_server, from_server = self._bios
        self.client = of_client.wrap_bio(to_client, from_client, server_hostname="a.example")
        self.server = of_server.wrap_bio(to_server, from_server, server_side=True)
        for _ in range(3):
            for end in (self.client, self.server):
                with contextlib.suppress(ssl.SSLWantReadError):
                    end.do_handshake()
                self.deliver()

    def deliver(self):
        to_client, from_client, to_server, from_server = self._bios
        to_server.write(from_client.read())
        to_client.write(from_server.read())

    def end(self):
        """The connection below is over."""
        self._bios[0].write_eof()


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def pair(request):
    pair = Pair(request.param)
    pair.server.write(b"abc")
    pair.deliver()
    assert pair.client.read(100) == b"abc"
    return pair


@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.parametrize("is_read", [True, False])
def test_with_an_alert_it_has_ended(pair, is_told, is_read):
    with contextlib.suppress(ssl.SSLWantReadError):
        pair.server.unwrap()
    pair.deliver()
    if is_told:
        pair.end()
    if is_read:
        assert pair.client.read(100) == b""
    for _ in range(3):
        assert not is_cut_off(Transport(pair.client))


@pytest.mark.parametrize("is_told", [True, False])
def test_without_one_it_was_cut_off(pair, is_told):
    if is_told:
        pair.end()
    for _ in range(3):
        assert is_cut_off(Transport(pair.client))


def test_what_nobody_was_given_is_missing(pair):
    pair.server.write(b"def")
    with contextlib.suppress(ssl.SSLWantReadError):
        pair.server.unwrap()
    pair.deliver()
    assert is_cut_off(Transport(pair.client))


@pytest.mark.parametrize("tls", [None, object()])
def test_what_cannot_be_asked(tls):
    assert not is_cut_off(Transport(tls))
    assert not is_cut_off(None)
