"""Free ports."""

import socket

import pytest
from aiolos_testing import bound_socket, unused_port


def test_an_unused_port_can_be_bound() -> None:
    port = unused_port()
    with bound_socket(port=port) as sock:
        assert sock.getsockname() == ("127.0.0.1", port)


def test_a_socket_is_bound_to_a_free_port_by_default() -> None:
    with bound_socket() as one, bound_socket() as other:
        assert one.getsockname()[1] != other.getsockname()[1]


def test_a_socket_takes_an_address_of_the_other_family() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with bound_socket("::1") as sock:
        assert sock.family is socket.AF_INET6
        assert sock.getsockname()[0] == "::1"


def test_what_cannot_be_bound_leaves_no_socket_open() -> None:
    with bound_socket() as taken:
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            bound_socket(port=taken.getsockname()[1])
