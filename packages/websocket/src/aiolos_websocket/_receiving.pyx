# cython: binding=False
"""The compiled twin of `pyreceiving`: what is awaited, and the future behind it, are one object.

It is a part of its receiver, and looks at its state. Only the usual case is here: the WebSocket
is open, and nothing but whole messages is in its queue. All else is left to the receiver's own
coroutines, from whatever step on it is needed.
"""

from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_REFCNT

from aiolos_websocket._waiter cimport Waiter
from aiolos_websocket.receiver cimport Receiver

from . import phase

cdef extern from "Python.h":
    ctypedef enum PySendResult:
        PYGEN_RETURN
        PYGEN_ERROR
        PYGEN_NEXT
    ctypedef PySendResult (*sendfunc)(PyObject *, PyObject *, PyObject **) except PYGEN_ERROR
    ctypedef struct PyAsyncMethods:
        sendfunc am_send
    ctypedef struct PyTypeObject:
        PyAsyncMethods *tp_as_async
    PySendResult PyIter_Send(object, object, PyObject **) except PYGEN_ERROR

cdef int OPEN = phase.OPEN


def receive(Receiver receiver, timeout):
    """See `receiving`."""
    if timeout is not None:
        return receiver._next(timeout)
    return _new(receiver, False)


def iterate(Receiver receiver):
    """See `receiving`."""
    cdef Iteration iteration = Iteration.__new__(Iteration)
    iteration._receiver = receiver
    return iteration


cdef Receiving _new(Receiver receiver, bint iterates):
    cdef Receiving receiving = Receiving.__new__(Receiving)
    receiving._receiver = receiver
    receiving._iterates = iterates
    return receiving


cdef class Iteration:
    """What `async for` runs over."""

    cdef Receiver _receiver
    cdef Receiving _last
    cdef Receiving _spare

    def __aiter__(self):
        return self

    def __anext__(self):
        if self._receiver._receive_timeout is not None:
            return self._receiver.__anext__()
        # Whoever is stepped by the last one's open() asks for the next before that has returned; so
        # two of them take turns.
        free = self._spare
        self._spare = self._last
        # Nobody else has it any more.
        if free is not None and Py_REFCNT(free) == 1 and free._rest is None:
            free._over = False
        else:
            free = _new(self._receiver, True)
        self._last = free
        return free


cdef class Receiving(Waiter):
    """What receive() gives, and `async for` awaits; with a coroutine's methods."""

    cdef Receiver _receiver
    cdef bint _iterates
    cdef bint _over
    # What it waits by: itself, or a future of asyncio's.
    cdef object _waiter
    # The coroutine that goes on with it.
    cdef object _rest

    cdef PySendResult step(self, PyObject **given) except PYGEN_ERROR:
        """What PyIter_Send does."""
        cdef Receiver receiver = self._receiver
        if self._rest is not None:
            return PyIter_Send(self._rest, None, given)
        if self._over:
            raise RuntimeError("it was awaited before: call receive() again")
        self._leave()
        if receiver._phase == OPEN and not receiver._held and not receiver._in_fragments:
            if receiver._queue:
                given_away = receiver._take()
                self._over = True
                Py_INCREF(given_away)
                given[0] = <PyObject *>given_away
                return PYGEN_RETURN
            self._wait()
            Py_INCREF(self._waiter)
            given[0] = <PyObject *>self._waiter
            return PYGEN_NEXT
        self._rest = receiver.__anext__() if self._iterates else receiver._next(None)
        return PyIter_Send(self._rest, None, given)

    cdef object _wait(self):
        cdef Receiver receiver = self._receiver
        receiver._waits += 1
        # Among those that await may be others than whom a Task has stepped before.
        if receiver._driven or not receiver._waits & 15:
            receiver._wait_by(self)
            receiver._gate = self._waiter = self
            self.park(receiver.loop)
        else:
            self._waiter = receiver._wait_by(receiver.loop.create_future())
            self._waiter._asyncio_future_blocking = True

    cdef object taken_by_a_task(self):
        # For Tasks there is nothing quicker than asyncio's own futures, of which they know the
        # inside.
        self._receiver._driven = False

    cdef object _leave(self):
        """Wait no more."""
        if self._waiter is not None:
            if self._waiter is self:
                self.unpark()
            if self._receiver._waiter is self._waiter:
                self._receiver._waiter = self._receiver._gate = None
            self._waiter = None

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        cdef PyObject *given = NULL
        cdef PySendResult outcome = self.step(&given)
        value = <object>given
        Py_DECREF(value)
        if outcome == PYGEN_RETURN:
            raise StopIteration(value)
        return value

    def send(self, value):
        return self.__next__()

    def throw(self, kind, value=None, traceback=None):
        if self._rest is not None:
            return self._rest.throw(kind if value is None else value)
        self.close()
        raise kind if value is None else value

    def close(self):
        if self._rest is not None:
            self._rest.close()
        self._leave()
        self._over = True


cdef PySendResult _step(PyObject *receiving, PyObject *_, PyObject **given) except PYGEN_ERROR:
    return (<Receiving>receiving).step(given)


# Asked by this slot, what is awaited gives its result without an exception to carry it.
(<PyTypeObject *>Receiving).tp_as_async.am_send = _step
