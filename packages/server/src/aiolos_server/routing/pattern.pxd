cimport cython


cdef class PathPattern:
    cdef object _default
    cdef list _parts
    cdef list _segments
    cdef list _slots
    cdef list _variables
    cdef readonly str path
    cdef object _regex

    @cython.locals(values=dict, text=str, slots=list)
    cpdef dict match(self, str path, list segments)
    @cython.locals(values=dict)
    cdef dict _match_whole(self, str path)
