"""Where a large body of known length is received: in the very bytes that read() will give.

Neither page faults nor a copy are then spent on pieces: 10 MiB arrive with a fifth of the CPU time
(tools/bench/upload.py). Python alone cannot write into bytes, and any other buffer would have to be
copied; so there is no twin, and where nothing is compiled bodies come in pieces, as small ones do.

The bytes, which nobody else sees before they are done, grow by _PyBytes_Resize: it is realloc,
which moves the pages of a large block without copying them.
"""

from cpython.buffer cimport PyBUF_WRITE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.ref cimport PyObject
from libc.string cimport memcpy


cdef extern from "Python.h":
    # Raw pointers: a counted reference more would forbid the resizing.
    PyObject* _new_bytes "PyBytes_FromStringAndSize" (const char* data, Py_ssize_t size) except NULL
    int _resize "_PyBytes_Resize" (PyObject** data, Py_ssize_t size) except -1
    char* _start "PyBytes_AS_STRING" (PyObject* data)
    Py_ssize_t _size "PyBytes_GET_SIZE" (PyObject* data)
    void Py_XDECREF(PyObject* object)


cdef class BodyBuffer:
    """Room for `total` bytes, which begin with `prefix`; `first` more are allocated.

    It doubles as it fills: what a peer merely announces is never allocated. `filled` counts the
    bytes that are there.
    """

    cdef PyObject* _data
    cdef Py_ssize_t _total
    cdef readonly Py_ssize_t filled

    def __cinit__(self, Py_ssize_t total, bytes prefix not None, Py_ssize_t first):
        cdef Py_ssize_t size = PyBytes_GET_SIZE(prefix)
        self._total = total
        self.filled = size
        self._data = _new_bytes(NULL, min(size + first, total))
        memcpy(_start(self._data), PyBytes_AS_STRING(prefix), size)

    def __dealloc__(self):
        Py_XDECREF(self._data)

    def room(self):
        """A view of the room that is left, at least one byte; until the next call of a method."""
        cdef Py_ssize_t size = self._checked()
        if self.filled == size:
            _resize(&self._data, min(2 * size, self._total))
            size = _size(self._data)
        return PyMemoryView_FromMemory(
            _start(self._data) + self.filled, size - self.filled, PyBUF_WRITE
        )

    def add(self, Py_ssize_t size):
        """The first `size` bytes of room() have been written; True if nothing is missing now."""
        if not 0 <= size <= self._checked() - self.filled:
            raise ValueError("more was written than there was room for")
        self.filled += size
        return self.filled == self._total

    def take(self):
        """What is there; the buffer has ended, every method raises ValueError."""
        cdef PyObject* data
        if self.filled != self._checked():
            _resize(&self._data, self.filled)
        data = self._data
        self._data = NULL
        taken = <object>data
        Py_XDECREF(data)
        self.filled = self._total = 0
        return taken

    cdef Py_ssize_t _checked(self) except -1:
        """The size of what is allocated."""
        if self._data is NULL:
            raise ValueError("the buffer was taken")
        return _size(self._data)
