"""The compiled twin of `pysteps`: learns without an exception that a coroutine has returned."""

from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF

from aiolos_server.owner cimport Owner

from types import CoroutineType

from .pysteps import awaited

cdef extern from "Python.h":
    ctypedef enum PySendResult:
        PYGEN_RETURN
        PYGEN_ERROR
        PYGEN_NEXT
    PySendResult PyIter_Send(object, object, PyObject**) except PYGEN_ERROR
    int PyContext_Enter(object) except -1
    int PyContext_Exit(object) except -1

cdef object _coroutine = CoroutineType
cdef object _awaited = awaited


def first_steps(context, Owner owner):
    """See `steps`."""
    PyContext_Enter(context)
    try:
        return _first_steps(owner)
    finally:
        PyContext_Exit(context)


cpdef object next_step(object context, object coro):
    """See `steps`."""
    cdef PyObject* given = NULL
    cdef PySendResult outcome
    PyContext_Enter(context)
    try:
        outcome = PyIter_Send(coro, None, &given)
    finally:
        PyContext_Exit(context)
    result = <object>given
    Py_DECREF(result)
    if outcome == PYGEN_RETURN:
        raise StopIteration(result)
    return result


cdef object _first_steps(Owner owner):
    cdef PyObject* given
    cdef PySendResult outcome
    try:
        coro = owner.started()
    except BaseException as exc:
        coro = owner.finished(None, exc)
    while coro is not None:
        if type(coro) is not _coroutine:
            coro = _awaited(coro)
        given = NULL
        try:
            outcome = PyIter_Send(coro, None, &given)
        except BaseException as exc:
            coro = owner.finished(None, exc)
            if isinstance(exc, (KeyboardInterrupt, SystemExit)):
                raise
            continue
        # PyIter_Send gave a reference away.
        result = <object>given
        Py_DECREF(result)
        if outcome == PYGEN_NEXT:
            return coro, result
        coro = owner.finished(result, None)
    return None
