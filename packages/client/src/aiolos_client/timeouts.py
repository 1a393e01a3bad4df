"""How long things may take."""

import math
from dataclasses import dataclass, fields
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class ClientTimeout:
    """How long a request may take, in seconds; None, 0 or less is no bound.

    `total` covers everything to the end of the body; `connect` the wait for a connection, a free
    place in the pool and the look-up of its name included; `sock_connect` the dialling of a new
    one, TLS and a proxy's tunnel included, the name not; `sock_read` the silence between two
    reads. `ceil_threshold` has no effect: bounds from a second upwards are kept by the connector's
    clock, which ticks four times a second. TypeError for what is no number, ValueError for NaN and
    for what no float can hold.
    """

    total: float | None = None
    connect: float | None = None
    sock_read: float | None = None
    sock_connect: float | None = None
    ceil_threshold: float = 5

    def __post_init__(self) -> None:
        _check_seconds(self)
        for name in ("total", "connect", "sock_read", "sock_connect"):
            if (getattr(self, name) or 0) < 0:
                object.__setattr__(self, name, None)


@dataclass(frozen=True, slots=True)
class ClientWSTimeout:
    """How long a WebSocket may take, in seconds, not negative; None is no bound.

    `ws_receive` bounds each receive(), `ws_close` the closing handshake.
    """

    ws_receive: float | None = None
    ws_close: float | None = 10.0

    def __post_init__(self) -> None:
        _check_seconds(self)
        for name, value in (("ws_receive", self.ws_receive), ("ws_close", self.ws_close)):
            if value is not None and value < 0:
                raise ValueError(f"{type(self).__name__}.{name} is not negative, as {value!r} is")


def _check_seconds(timeout: Any) -> None:
    for field in fields(timeout):
        value = getattr(timeout, field.name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise TypeError(f"{type(timeout).__name__}.{field.name} takes seconds, not {value!r}")
        try:
            is_nan = value is not None and math.isnan(value)
        except OverflowError:
            told = f"{type(timeout).__name__}.{field.name} takes seconds that a float can hold"
            raise ValueError(told) from None
        if is_nan:
            raise ValueError(f"{type(timeout).__name__}.{field.name} takes seconds, not NaN")


DEFAULT_TIMEOUT: Final = ClientTimeout(total=5 * 60, sock_connect=30)
DEFAULT_WS_TIMEOUT: Final = ClientWSTimeout()
