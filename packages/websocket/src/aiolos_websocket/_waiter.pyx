# cython: binding=False
"""What is yielded to wait for a message: as aiolos_protocol.driving.Drivable has it, and a future.

Whoever steps the coroutine and knows it, as our server does, is called right where the message was
read: without a future, a handle of the loop, a turn of it, and the Task's own bookkeeping, which
are two thirds of what it takes to wait. To a Task it is a future of the plainest kind.
"""

from asyncio import CancelledError

# Not waiting; waiting; woken, but not stepped yet; cancelled, but not stepped yet.
cdef enum:
    FREE
    PARKED
    WOKEN
    CANCELLED


cdef class Waiter:
    """It waits while it is parked, and may be parked again."""

    cdef object park(self, object loop):
        """Begin to wait; it is to be yielded next."""
        self._state = PARKED
        self._blocking = True
        self._loop = loop

    cdef object unpark(self):
        """Whoever waited goes on, or never will."""
        self._state = FREE
        self._blocking = self._callback = self._context = self._driver = self._message = None

    cdef object open(self):
        """Have whoever waits stepped, now if that can be; only in a callback of the loop."""
        if self._state == PARKED:
            self._state = WOKEN
            if self._driver is None or not self._driver.step():
                self._soon()

    def _open_again(self):
        # Unless it has gone on by other means.
        if self._state == WOKEN and not self._driver.step():
            self._soon()

    cdef object _soon(self):
        if self._driver is not None:
            self._loop.call_soon(self._open_again)
        elif self._callback is not None:
            self._loop.call_soon(self._callback, self, context=self._context)

    cdef object taken_by_a_task(self):
        """It is used as a future."""

    def driven_by(self, driver):
        """See aiolos_protocol.driving.Drivable."""
        self._driver = driver

    # As a future; of its callbacks there is one, the Task's.

    @property
    def _asyncio_future_blocking(self):
        # None tells asyncio.isfuture() that it is none, while it does not wait: then it is what
        # receive() gives, of which a Task can be made.
        return self._blocking

    @_asyncio_future_blocking.setter
    def _asyncio_future_blocking(self, blocking):
        self._blocking = blocking

    def get_loop(self):
        return self._loop

    def add_done_callback(self, callback, *, context=None):
        self._callback = callback
        self._context = context
        self.taken_by_a_task()

    def cancel(self, msg=None):
        if self._state != PARKED:
            return False
        self._state = CANCELLED
        self._message = msg
        self._soon()
        return True

    def done(self):
        return self._state != PARKED

    def set_result(self, result):
        if self._state == PARKED:
            self._state = WOKEN
            self._soon()

    def result(self):
        if self._state == CANCELLED:
            raise CancelledError() if self._message is None else CancelledError(self._message)
