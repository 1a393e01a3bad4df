"""Which payload a value becomes."""

import builtins
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, TypeVar

from .base import Payload

Factory = Callable[..., Payload]
_Class = TypeVar("_Class", bound=type[Payload])


class LookupError(builtins.LookupError):  # noqa: A001 - aiohttp's name
    """No payload is registered for a value of this type."""


class Order(StrEnum):
    """Where a registration stands among the others; within one order the latest counts first."""

    normal = "normal"
    try_first = "try_first"
    try_last = "try_last"


class PayloadRegistry:
    """Factories of payloads by the type of value that they take."""

    __slots__ = ("_exact", "_first", "_last", "_normal")

    def __init__(self) -> None:
        self._first: list[tuple[Any, Factory]] = []
        self._normal: list[tuple[Any, Factory]] = []
        self._last: list[tuple[Any, Factory]] = []
        self._exact: dict[type, Factory] = {}

    def register(self, factory: Factory, type: Any, *, order: Order = Order.normal) -> None:
        """Have `factory(value, *args, **kwargs)` called for every instance of `type`, which is a
        class or a tuple of classes."""
        entries = {
            Order.try_first: self._first, Order.normal: self._normal, Order.try_last: self._last,
        }.get(order)  # fmt: skip
        if entries is None:
            raise ValueError(f"order is one of Order's members, not {order!r}")
        entries.insert(0, (type, factory))
        self._exact.clear()

    def get(self, data: Any, *args: Any, **kwargs: Any) -> Payload:
        """`data` itself where it is a Payload, else one made of it, with the arguments given to
        its factory. Raises LookupError where nothing is registered for its type."""
        kind = type(data)
        factory = self._exact.get(kind)
        if factory is None:
            if isinstance(data, Payload):
                return data
            factory = self._exact[kind] = self._find(data)
        return factory(data, *args, **kwargs)

    def _find(self, data: Any) -> Factory:
        for entries in (self._first, self._normal, self._last):
            for kind, factory in entries:
                if isinstance(data, kind):
                    return factory
        raise LookupError(
            f"a body cannot be made of {type(data).__name__}; give bytes, str, an open file, an"
            " async iterable or a Payload, or register a factory with register_payload()"
        )


PAYLOAD_REGISTRY: Final = PayloadRegistry()


def get_payload(data: Any, *args: Any, **kwargs: Any) -> Payload:
    """As PAYLOAD_REGISTRY.get()."""
    return PAYLOAD_REGISTRY.get(data, *args, **kwargs)


def register_payload(factory: Factory, type: Any, *, order: Order = Order.normal) -> None:
    """As PAYLOAD_REGISTRY.register()."""
    PAYLOAD_REGISTRY.register(factory, type, order=order)


class payload_type:  # noqa: N801 - aiohttp's name
    """`@payload_type(Kind)` registers the class below it for values of `Kind`."""

    def __init__(self, type: Any, *, order: Order = Order.normal) -> None:
        self.type = type
        self.order = order

    def __call__(self, factory: _Class) -> _Class:
        """Register `factory` and return it unchanged."""
        register_payload(factory, self.type, order=self.order)
        return factory
