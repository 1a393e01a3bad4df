"""Free ports."""

import socket
from socket import AddressFamily

import pytest
from aiolos_testing import get_port_socket, get_unused_port_socket, unused_port


def test_an_unused_port_can_be_bound() -> None:
    port = unused_port()
    with get_port_socket("127.0.0.1", port, AddressFamily.AF_INET) as sock:
        assert sock.getsockname() == ("127.0.0.1", port)


def test_two_unused_sockets_differ() -> None:
    with get_unused_port_socket("127.0.0.1") as one, get_unused_port_socket("127.0.0.1") as other:
        assert one.getsockname()[1] != other.getsockname()[1]


@pytest.mark.skipif(not socket.has_ipv6, reason="Python was built without IPv6")
def test_a_socket_takes_an_address_of_the_other_family() -> None:
    with get_unused_port_socket("::1", AddressFamily.AF_INET6) as sock:
        assert sock.getsockname()[0] == "::1"


def test_what_cannot_be_bound_leaves_no_socket_open() -> None:
    with get_unused_port_socket("127.0.0.1") as taken:
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            get_port_socket("127.0.0.1", taken.getsockname()[1], AddressFamily.AF_INET)
