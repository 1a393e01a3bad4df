cdef class Waiter:
    cdef object _blocking
    cdef object _callback
    cdef object _context
    cdef object _driver
    cdef object _loop
    cdef object _message
    cdef int _state

    cdef object park(self, object loop)
    cdef object unpark(self)
    cdef object open(self)
    cdef object _soon(self)
    cdef object taken_by_a_task(self)
