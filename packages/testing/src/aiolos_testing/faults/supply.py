"""Spends a list of faults on connections, at a server's end or at a client's."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from ssl import SSLContext, SSLError
from typing import Any
from weakref import WeakSet

from aiolos_protocol.contracts import Connect

from .interposed import FaultyTransport
from .octets import Refuse, TLSFailure
from .plan import Fault, Faults


class Supply:
    """Spends `faults` on connections, one by one."""

    def __init__(self, faults: Faults) -> None:
        if isinstance(faults, (Fault, str)) or not isinstance(faults, Iterable):
            raise TypeError(f"faults takes a list, like [CutAfter(10), None], not {faults!r}")
        if isinstance(faults, (list, tuple)):
            # Here rather than in a connection, where nobody would see it.
            for fault in faults:
                _check(fault)
        self._faults: Iterator[Fault | None] = iter(faults)
        self._faulty: WeakSet[FaultyTransport] = WeakSet()

    def next(self) -> Fault | None:
        """The fault of the next connection."""
        fault = next(self._faults, None)
        _check(fault)
        return fault

    def wrap(self, factory: Callable[[], Any], fault: Fault | None) -> Callable[[], Any]:
        """A protocol factory like `factory`, whose connection suffers `fault`."""
        if fault is None:
            return factory

        def faulty() -> FaultyTransport:
            transport = FaultyTransport(factory(), fault)
            self._faulty.add(transport)
            return transport

        return faulty

    def over(self, factory: Callable[[], Any]) -> Callable[[], Any]:
        """A protocol factory like `factory`, each of whose connections suffers the next fault.

        It raises ConnectionRefusedError where that is Refuse.
        """

        def faulty() -> Any:
            fault = self.next()
            if isinstance(fault, Refuse):
                raise ConnectionRefusedError("refused by a fault of the test")
            return self.wrap(factory, fault)()

        return faulty

    def let_go(self) -> None:
        """Heal what is open: what was to be closed is closed now."""
        for transport in list(self._faulty):
            transport.let_go()


def _check(fault: object) -> None:
    if fault is not None and not isinstance(fault, Fault):
        raise TypeError(f"a fault is an object like CutAfter(10), or None, not {fault!r}")


class FaultyConnect:
    """contracts.Connect over `connect`, or over sockets: what the client sends suffers faults."""

    def __init__(self, faults: Faults, connect: Connect | None = None) -> None:
        self._supply = Supply(faults)
        self._connect = connect or connect_by_socket

    async def __call__(
        self, factory: Callable[[], Any], host: str, port: int, *, ssl: SSLContext | None
    ) -> Any:
        """See the contract."""
        fault = self._supply.next()
        if isinstance(fault, Refuse):
            raise ConnectionRefusedError(f"refused by a fault of the test: {host}:{port}")
        if isinstance(fault, TLSFailure) and ssl is not None:
            raise SSLError(None, f"handshake failed by a fault of the test: {host}:{port}")
        made = self._supply.wrap(factory, fault)
        protocol = await self._connect(made, host, port, ssl=ssl)
        return protocol if fault is None else protocol.get_protocol()


async def connect_by_socket(
    factory: Callable[[], Any], host: str, port: int, *, ssl: SSLContext | None
) -> Any:
    """contracts.Connect by loop.create_connection()."""
    loop = asyncio.get_running_loop()
    name = host if ssl is not None else None
    _, protocol = await loop.create_connection(factory, host, port, ssl=ssl, server_hostname=name)
    return protocol


def inject(connector: Any, faults: Faults) -> None:
    """Let the next connections of an aiolos connector suffer `faults`."""
    connector.connect_by = FaultyConnect(faults, connector.connect_by)
