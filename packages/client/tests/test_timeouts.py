"""ClientTimeout is checked where it is made."""

import pytest
from aiolos_client import ClientTimeout


def test_seconds_or_nothing():
    timeout = ClientTimeout(total=1, connect=0.5, sock_read=None)
    assert (timeout.total, timeout.connect, timeout.sock_read) == (1, 0.5, None)


def test_what_is_no_number_is_refused():
    with pytest.raises(TypeError, match="ClientTimeout.total takes seconds, not '5'"):
        ClientTimeout(total="5")
