from aiolos_client.clientrequest cimport ClientRequest


cdef class Received:
    cdef public object _body
    cdef public object _exchange
    cdef public object _history
    cdef public bint _released
    cdef public object _request
    cdef public object _url
    cdef public object content
    cdef public object head
    cdef public bint in_context
    cdef public object status
