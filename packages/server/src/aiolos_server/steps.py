"""The first steps of a handler: `first_steps(context, owner)`.

Runs in `context` what the owner starts, and whatever it wants after that, until it suspends: then
it gives the coroutine and what that yielded, else None. See owner.Owner. Only KeyboardInterrupt
and SystemExit are raised, after the owner has been told of them.
"""

try:
    from ._steps import first_steps
except ImportError:
    from .pysteps import first_steps

__all__ = ["first_steps"]
