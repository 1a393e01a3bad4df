"""How a Task receives: `receive(receiver, timeout)` is awaited, `iterate(receiver)` iterated.

Both give what the receiver's coroutines give, `_next()` and `__anext__()`. Each message would
cost a coroutine, a future, a handle of the loop and a turn of it, though; compiled, all of these
are one object, which is small, and a Task that waits is stepped right where its message was read.
In plain Python nothing is faster than the coroutines.

`_receiving` and `pyreceiving` are twins.
"""

try:
    from ._receiving import iterate, receive
except ImportError:
    from .pyreceiving import iterate, receive

__all__ = ["iterate", "receive"]
