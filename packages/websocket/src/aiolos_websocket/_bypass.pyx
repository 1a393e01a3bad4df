# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""The compiled twin of `pybypass`."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE

from aiolos_websocket._mask cimport head_size, put

cdef extern from *:
    """
    #ifdef _WIN32
    static Py_ssize_t send_now(int descriptor, const unsigned char *data, Py_ssize_t size) {
        return -1;
    }
    #else
    #include <sys/socket.h>
    #ifndef MSG_DONTWAIT
    #define MSG_DONTWAIT 0
    #endif
    #ifndef MSG_NOSIGNAL
    #define MSG_NOSIGNAL 0
    #endif
    static Py_ssize_t send_now(int descriptor, const unsigned char *data, Py_ssize_t size) {
        return send(descriptor, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    #endif
    """
    Py_ssize_t send_now(int descriptor, const unsigned char *data, Py_ssize_t size) nogil

# A frame as large is put together where no memory need be asked for.
cdef enum:
    ROOM = 2048


cpdef int descriptor_of(object transport, object owner) except -2:
    """See aiolos_websocket.bypass."""
    kind = type(transport)
    if kind.__module__ != "uvloop.loop" or kind.__name__ not in ("TCPTransport", "UnixTransport"):
        return -1
    if transport.get_protocol() is not owner:
        return -1
    return transport.get_extra_info("socket").fileno()


cpdef bytes send(int descriptor, int first, object payload, bytes key):
    """See aiolos_websocket.bypass."""
    cdef unsigned char room[ROOM]
    cdef unsigned char *at = room
    cdef bytes whole = None
    cdef Py_buffer view
    cdef Py_ssize_t size, sent
    if PyBytes_GET_SIZE(key) not in (0, 4):
        raise ValueError("a masking key has four bytes (RFC 6455 5.3)")
    PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE)
    try:
        size = head_size(view.len, key) + view.len
        if size > ROOM:
            whole = PyBytes_FromStringAndSize(NULL, size)
            at = <unsigned char *>PyBytes_AS_STRING(whole)
        put(at, first, <const unsigned char *>view.buf, view.len, key)
    finally:
        PyBuffer_Release(&view)
    sent = send_now(descriptor, at, size)
    if sent == size:
        return b""
    # Whatever is wrong, the transport will find it, too.
    if sent < 0:
        sent = 0
    return at[sent:size]
