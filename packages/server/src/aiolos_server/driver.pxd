from aiolos_server._steps cimport next_step

cdef object _enter_task, _leave_task


cdef class Driver:
    cdef object _context
    cdef object _coro
    cdef object _error
    cdef object _given
    cdef object _kind
    cdef object _loop
    cdef bint _over
    cdef object _parked
    cdef object _task

    cpdef bint step(self) except -1
    cdef object _park(self)
    cdef object _result(self)
