"""The contracts: what satisfies them by its shape alone."""

import inspect

import pytest
from aiolos_protocol import contracts
from aiolos_protocol.exchange import ClientExchange, Exchange
from aiolos_protocol.link.h1_client import H1ClientExchange
from aiolos_protocol.link.h1_server import H1ServerExchange
from aiolos_protocol.link.h2_client_exchange import H2ClientExchange
from aiolos_protocol.link.h2_exchange import H2ServerExchange


class App:
    def runner(self, **options):
        return options


def test_to_be_served_is_to_have_runner():
    assert isinstance(App(), contracts.Servable)
    assert not isinstance(object(), contracts.Servable)
    assert App().runner(a=1) == {"a": 1}


def test_every_contract_says_what_it_is_for():
    for name, value in vars(contracts).items():
        if inspect.isclass(value) and value.__module__ == contracts.__name__:
            assert value.__doc__, name


def test_nobody_need_inherit():
    for name in ("Offer", "Agreement", "Runner", "WebSocketComponent", "ServerComponent"):
        assert getattr(contracts, name)._is_protocol


@pytest.mark.parametrize(
    ("made", "contract"),
    [
        (H1ServerExchange, Exchange),
        (H2ServerExchange, Exchange),
        (H1ClientExchange, ClientExchange),
        (H2ClientExchange, ClientExchange),
    ],
)
def test_every_exchange_has_all_that_is_promised(made, contract):
    promised = {
        name
        for each in contract.__mro__
        for name, member in vars(each).items()
        if inspect.isfunction(member) and name[0] != "_"
    }
    if contract is ClientExchange:
        # Its link sends the head, at once.
        promised.discard("send_head")
    assert {"write", "end", "bypass", "take_over", "abort"} <= promised
    assert promised <= set(dir(made))
