from contextvars import Context
from typing import Any

def first_steps(context: Context, owner: Any) -> tuple[Any, Any] | None: ...
