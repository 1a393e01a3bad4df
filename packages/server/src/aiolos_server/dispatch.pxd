cimport cython

from aiolos_server.owner cimport Owner

cdef object getrefcount, getweakrefcount, first_steps


cdef class _Gate:
    cdef public bint _asyncio_future_blocking
    cdef object _context
    cdef object _loop
    cdef object _wake
    cdef public bint cancelled


cdef class _Worker:
    cdef object _coro
    cdef _Gate _gate
    cdef Owner _owner
    cdef bint _retired
    cdef object _yielded
    cdef readonly object context
    cdef object name
    cdef Py_ssize_t references
    cdef readonly object task
    cdef Py_ssize_t weak_references

    cdef bint is_marked(self, object base) except -1
    cdef go_on(self, object coro, object yielded, Owner owner)
    cdef retire(self)


cdef class Dispatcher:
    cdef object _base
    cdef bint _inline
    cdef object _loop
    cdef _Worker _spare
    cdef bint _timed

    @cython.locals(worker=_Worker, suspended=tuple)
    cpdef object dispatch(self, Owner owner)
    cdef object _new_worker(self)
    cdef object _separate(self, Owner owner)
