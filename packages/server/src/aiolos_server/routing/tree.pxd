cimport cython


cdef class Branch:
    cdef list ends
    cdef dict heads
    cdef list lengths
    cdef dict literals
    cdef list others
    cdef list tail_lengths
    cdef dict tails
    cdef Branch variable

    cdef Branch _longer(self, object segment)
    @cython.locals(segment=str, literal=Branch, branch=Branch, length=Py_ssize_t)
    cpdef object collect(self, list segments, Py_ssize_t position, list found)
    @cython.locals(branch=Branch, length=Py_ssize_t)
    cdef object collect_by_end(
        self, str segment, Py_ssize_t begun, list segments, Py_ssize_t position, list found
    )


cdef class PathTree:
    cdef Py_ssize_t _deepest
    cdef dict _prefixes

    @cython.locals(branch=Branch, found=list, prefix=str)
    cpdef tuple candidates(self, list segments, Py_ssize_t length)
