from contextvars import Context
from typing import Any

from .owner import Owner

def first_steps(context: Context, owner: Owner) -> tuple[Any, Any] | None: ...
