"""ClientTimeout is checked where it is made."""

import pytest
from aiolos_client import ClientTimeout, ClientWSTimeout


def test_seconds_or_nothing():
    timeout = ClientTimeout(total=1, connect=0.5, sock_read=None)
    assert (timeout.total, timeout.connect, timeout.sock_read) == (1, 0.5, None)


def test_what_is_no_number_is_refused():
    with pytest.raises(TypeError, match="ClientTimeout.total takes seconds, not '5'"):
        ClientTimeout(total="5")


@pytest.mark.parametrize("name", ["ws_receive", "ws_close"])
def test_a_websocket_has_no_negative_bound(name):
    assert getattr(ClientWSTimeout(**{name: 0}), name) == 0
    with pytest.raises(ValueError, match=f"ClientWSTimeout.{name} is not negative, as -1 is"):
        ClientWSTimeout(**{name: -1})
