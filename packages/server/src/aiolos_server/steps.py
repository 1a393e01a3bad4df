"""The first steps of a handler, and later ones: `first_steps` and `next_step`.

`first_steps(context, owner)` runs in `context` what the owner starts, and whatever it wants after
that, until it suspends: then it gives the coroutine and what that yielded, else None. See
owner.Owner. Only KeyboardInterrupt and SystemExit are raised, after the owner has been told.

`next_step(context, coro)` steps a coroutine that waits for nothing any more, and gives what it
waits for next; it raises what the coroutine does, StopIteration where that has returned.
"""

try:
    from ._steps import first_steps, next_step

    COMPILED = True
except ImportError:
    from .pysteps import first_steps, next_step

    COMPILED = False

__all__ = ["COMPILED", "first_steps", "next_step"]
