cdef class ReceiveWindow:
    cdef Py_ssize_t _consumed
    cdef public Py_ssize_t left
    cdef public Py_ssize_t size

    cpdef bint received(self, Py_ssize_t count)
    cpdef Py_ssize_t consumed(self, Py_ssize_t count, Py_ssize_t size)


cdef class Tuner:
    cdef Py_ssize_t _counted
    cdef int _idle
    cdef Py_ssize_t _most
    cdef bint _probing
    cdef public Py_ssize_t size

    cpdef bint received(self, Py_ssize_t count)
    cpdef acknowledged(self)
