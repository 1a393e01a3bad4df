cimport cython


cdef class Head:
    cdef public object version
    cdef public Py_ssize_t length
    cdef public Py_ssize_t size
    cdef public bint chunked
    cdef public bint keep_alive
    cdef public object upgrade
    cdef object _headers
    cdef object _proxy
    cdef object _raw
    cdef object _block
    cdef object _load


cdef class RequestHead(Head):
    cdef public object method
    cdef public object target
    cdef public bint expect
    cdef public object authority
    cdef public object scheme
    cdef public object protocol
    cdef public bint plain_body
    cdef readonly bint frozen
    cdef public object packed
    cdef public object wire


cdef class ResponseHead(Head):
    cdef public bint plain
    cdef public int status
    cdef public object reason


@cython.locals(head=RequestHead)
cpdef RequestHead received_request(
    method, target, version, Py_ssize_t length, bint chunked, block, load, Py_ssize_t size,
    bint expect, authority, scheme, protocol, bint keep_alive, upgrade, bint plain_body,
)
@cython.locals(head=ResponseHead)
cpdef ResponseHead received_response(
    int status, reason, version, Py_ssize_t length, bint chunked, block, load, Py_ssize_t size,
    bint keep_alive, upgrade,
)
