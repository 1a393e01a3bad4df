cdef class StreamReader:
    cdef object __weakref__
    cdef object _callbacks
    cdef object _chunks
    cdef object _exception
    cdef object _flow
    cdef Py_ssize_t _limit
    cdef Py_ssize_t _offset
    cdef bint _paused
    cdef Py_ssize_t _size
    cdef object _waiter
    cdef public bint ended
    cdef public object total_bytes

    cdef object _wake(self)
    cdef object _take(self, Py_ssize_t n)
    cdef object _take_all(self)
    cdef object _taken(self, Py_ssize_t size)
