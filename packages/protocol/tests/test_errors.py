"""Errors: who is to blame, what a server answers, and what to do."""

import pytest
from aiolos_protocol import errors


def test_who_broke_the_rule():
    assert issubclass(errors.LocalProtocolError, errors.ProtocolError)
    assert issubclass(errors.RemoteProtocolError, errors.ProtocolError)
    assert issubclass(errors.LimitExceeded, errors.RemoteProtocolError)
    assert issubclass(errors.UnexpectedTLS, errors.RemoteProtocolError)
    assert not issubclass(errors.LocalProtocolError, errors.RemoteProtocolError)


def test_what_a_server_answers():
    assert errors.LocalProtocolError("ours").status_hint == 500
    assert errors.RemoteProtocolError("theirs").status_hint == 400
    assert errors.RemoteProtocolError("theirs", status_hint=501).status_hint == 501
    assert errors.UnexpectedTLS().status_hint == 400


def test_the_message_is_the_text():
    error = errors.RemoteProtocolError("no colon")
    assert error.message == str(error) == "no colon"


@pytest.mark.parametrize("kind", [errors.ConnectionLost, errors.Unanswered])
def test_a_lost_connection_is_an_oserror_that_users_know(kind):
    assert issubclass(kind, ConnectionResetError)
    assert issubclass(kind, errors.ConnectionLost)


def test_a_refused_upgrade():
    error = errors.UpgradeRefused("no", status=426, headers={"Sec-WebSocket-Version": "13"})
    assert (error.message, error.status) == ("no", 426)
    assert error.headers == {"Sec-WebSocket-Version": "13"}
    assert errors.UpgradeRefused("no").headers == {}
    assert errors.UpgradeRefused("no").status == 400


def test_a_missing_distribution_says_what_to_install():
    error = errors.MissingDistribution("ClientSession.ws_connect()", "aiolos-websocket")
    assert isinstance(error, ImportError)
    assert str(error) == (
        "ClientSession.ws_connect() needs the distribution 'aiolos-websocket', which is not "
        "installed; run: pip install aiolos-websocket"
    )
    assert (error.distribution, error.name) == ("aiolos-websocket", "aiolos_websocket")
