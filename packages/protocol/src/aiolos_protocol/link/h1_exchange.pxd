from aiolos_protocol.link.h1 cimport H1Link


cdef class H1Exchange:
    cdef H1Link _link
    cdef public object body
    cdef readonly object head

    cdef H1Link _current(self)
    cpdef object write(self, data)
