"""Making a tuple of a class of tuples: `made(kind, items)` is tuple.__new__(kind, items).

Each message is one, and the class's own `__new__` costs more than all else that is done to it.
"""

try:
    from ._tuples import made
except ImportError:
    made = tuple.__new__  # type: ignore[assignment]

__all__ = ["made"]
