from cpython.object cimport PyObject


cdef class Gather:
    cdef PyObject *_whole
    cdef Py_ssize_t _expected
    cdef Py_ssize_t _room
    cdef readonly Py_ssize_t size

    cpdef object expect(self, Py_ssize_t size)
    cpdef object add(self, bytes data, Py_ssize_t start, Py_ssize_t end, bytes key, int phase)
    cdef object _make_room(self, Py_ssize_t size)
    cpdef bytes take(self)


cpdef bytes mask(bytes data, Py_ssize_t start, Py_ssize_t end, bytes key, int phase)
cpdef bytes unmask(bytes data, Py_ssize_t start, Py_ssize_t end)
cpdef bytes frame(int first, object payload, bytes key)
cdef Py_ssize_t head_size(Py_ssize_t size, bytes key) noexcept
cdef void put(
    unsigned char *at, int first, const unsigned char *payload, Py_ssize_t size, bytes key
) noexcept
