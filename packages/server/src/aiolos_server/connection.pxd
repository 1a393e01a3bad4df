cimport cython

from aiolos_server.core cimport RequestCore, ResponseCore
from aiolos_server.dispatch cimport Dispatcher
from aiolos_server.owner cimport Owner

cdef type Request
cdef object Response


cdef class Connection(Owner):
    cdef object __weakref__
    cdef object _at_end
    cdef object _begun
    cdef bint _closing
    cdef Dispatcher _dispatcher
    cdef object _ending
    cdef object _farewell
    cdef object _gone
    cdef bint _half_closed
    cdef bint _auto_compress
    cdef bint _has_hooks
    cdef object _idle
    cdef bint _is_simple
    cdef int _let_go
    cdef object _log_access
    cdef object _leaving
    cdef bint _lost
    cdef dict _matches
    cdef object _next
    cdef double _received
    cdef RequestCore _request
    cdef public object _resolve
    cdef object _server
    cdef bint _surplus
    cdef object _task
    cdef readonly object client_max_size
    cdef readonly object link
    cdef readonly long requests

    @cython.locals(whole=ResponseCore)
    cdef bint _is_turned_away(self, object head) except -1
    @cython.locals(by_method=dict, request=RequestCore)
    cpdef object request_received(self, object head)
    @cython.locals(request=RequestCore)
    cpdef object started(self)
    @cython.locals(whole=ResponseCore)
    cpdef object finished(self, object result, object error)
    cdef object _response_of(self, object result, object error)
    @cython.locals(whole=ResponseCore)
    cdef object _send_whole(self, object response)
    @cython.locals(request=RequestCore)
    cdef object _end(self, object response, object error)
    cdef object _failed(self, object exc)
