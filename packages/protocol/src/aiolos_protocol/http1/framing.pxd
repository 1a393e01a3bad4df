cimport cython

cdef int DATA, DATA_END, SIZE, TRAILERS


cdef class Decoder:
    cdef public bint done

    cpdef Py_ssize_t feed(self, bytes data, Py_ssize_t start, sink) except -1
    cpdef bint feed_eof(self, sink) except -1


cdef class LengthDecoder(Decoder):
    cdef readonly Py_ssize_t left


cdef class UntilCloseDecoder(Decoder):
    pass


cdef class ChunkedDecoder(Decoder):
    cdef Py_ssize_t _extensions
    cdef Py_ssize_t _left
    cdef bint _lenient
    cdef object _limits
    cdef int _part
    cdef bytes _partial
    cdef object _trailers

    @cython.locals(end=Py_ssize_t, following=Py_ssize_t, part=cython.int, whole=cython.bint)
    cdef Py_ssize_t _take(self, bytes data, Py_ssize_t pos, sink) except -2
    cdef Py_ssize_t _size(self, bytes data, Py_ssize_t pos) except -2
    cdef Py_ssize_t _data(self, bytes data, Py_ssize_t pos, list pieces) except -2
    cdef Py_ssize_t _data_end(self, bytes data, Py_ssize_t pos) except -2
    cdef Py_ssize_t _trailer_section(self, bytes data, Py_ssize_t pos) except -2
