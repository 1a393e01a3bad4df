cimport cython

from aiolos_client.settings cimport Settings


cdef class Target:
    cdef public object authority
    cdef public dict heads
    cdef public object host
    cdef public bint is_tls
    cdef public object path
    cdef public object place
    cdef public object place_route
    cdef public object port
    cdef public object url

    cpdef bint forwards(self, route) except -1


cdef class ClientRequest:
    cdef object __weakref__
    cdef public object _composed
    cdef public object _fields
    cdef public object _head
    cdef public double begun
    cdef public bint chunked
    cdef public object cookies
    cdef public object data
    cdef public bint is_astray
    cdef public object method
    cdef public object offer
    cdef public object protocol
    cdef public object sending
    cdef public object session
    cdef public Settings settings
    cdef public Target target
    cdef public object traces
    cdef public object upload

    @cython.locals(settings=Settings)
    cdef object shared_head(self)
    cpdef object _own_fields(self)
    cpdef object _length(self, fields)
