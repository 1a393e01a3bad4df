"""Waiting without a future: a contract between who waits and who steps coroutines."""

from typing import Protocol


class Driver(Protocol):
    """Steps a coroutine on behalf of a Task."""

    def step(self) -> bool:
        """The coroutine can go on; to be called in a callback of the loop.

        False where a Task is being stepped, and nothing was done: call it at the next turn.
        """


class Drivable(Protocol):
    """What a coroutine may yield to wait; whoever knows no such thing takes it for a future.

    A driver asks what it is given for `driven_by`. What has that is not waited for by a callback,
    and the Task is left out of it: the driver's step() is called instead.
    """

    def driven_by(self, driver: Driver) -> None:
        """Call `driver.step()` once, when the coroutine can go on.

        Not when it has gone on by other means: an exception was thrown into it, or it was closed.
        """
