from collections.abc import Coroutine
from contextvars import Context
from typing import Any

from .owner import Owner

def next_step(context: Context, coro: Coroutine[Any, Any, Any]) -> Any: ...
def first_steps(context: Context, owner: Owner) -> tuple[Any, Any] | None: ...
