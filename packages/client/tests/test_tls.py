"""What connections over TLS leave to the next ones."""

import ssl

import pytest
from aiolos_client.tls import ResumingContext


def connection(context, server):
    """The client's end of a connection in memory, as far as the server's first bytes."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname="localhost")
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for end in (client, other, client, other):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    other.write(b"x")
    assert client.read(1) == b"x"
    return client


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_each_connection_resumes_the_last_session(authority, trusting, version):
    """One of TLS 1.2 is kept while it is good: to have it again costs a quarter of a connection."""
    trusting.maximum_version = version
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    context = ResumingContext(trusting)
    resumed, sessions = [], []
    for _ in range(3):
        client = connection(context, server)
        context.keep(client)
        resumed.append(client.session_reused)
        sessions.append(context.session)
    assert resumed == [False, True, True]
    assert (sessions[1] is sessions[0]) == (version is ssl.TLSVersion.TLSv1_2)
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(other)
    client = connection(context, other)
    context.keep(client)
    assert not client.session_reused, "it is another server, or one that has forgotten"
    assert context.session is not sessions[-1]
