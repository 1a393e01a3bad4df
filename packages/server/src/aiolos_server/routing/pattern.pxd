cimport cython


cdef class PathPattern:
    cdef dict _default
    cdef list _parts
    cdef object _regex
    cdef list _segments
    cdef list _slots
    cdef object _tail
    cdef Py_ssize_t _tail_index
    cdef list _variables
    cdef bint _whole
    cdef readonly str path

    @cython.locals(values=dict, text=str, slots=list, index=Py_ssize_t)
    cpdef dict match(self, str path, list segments)
    cdef dict _match_tail(self, dict values, list segments)
    @cython.locals(values=dict)
    cdef dict _match_whole(self, str path)
