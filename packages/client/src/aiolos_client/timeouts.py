"""ClientTimeout."""

from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True, slots=True)
class ClientTimeout:
    """How long a request may take, in seconds; None or 0 is no bound.

    `total` covers everything to the end of the body; `connect` the wait for a connection, a free
    place in the pool included; `sock_connect` the dialling of a new one; `sock_read` the silence
    between two reads. TypeError for what is no number.
    """

    total: float | None = None
    connect: float | None = None
    sock_read: float | None = None
    sock_connect: float | None = None
    ceil_threshold: float = 5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not isinstance(value, (int, float)):
                raise TypeError(f"ClientTimeout.{field.name} takes seconds, not {value!r}")


DEFAULT_TIMEOUT: Final = ClientTimeout(total=5 * 60, sock_connect=30)
