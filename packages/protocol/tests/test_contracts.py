"""The contracts: what satisfies them by its shape alone."""

import inspect

from aiolos_protocol import contracts


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
