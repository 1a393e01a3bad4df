from aiolos_server.dispatch cimport Dispatcher, Owner


cdef class Connection(Owner):
    cdef object __weakref__
    cdef object _begun
    cdef bint _closing
    cdef Dispatcher _dispatcher
    cdef object _ending
    cdef object _farewell
    cdef object _gone
    cdef object _log_access
    cdef double _received
    cdef object _request
    cdef object _resolve
    cdef object _server
    cdef object _task
    cdef readonly object client_max_size
    cdef readonly object link

    cpdef object request_received(self, object head)
    cpdef object started(self)
    cpdef object finished(self, object result, object error)
    cdef object _response_of(self, object result, object error)
    cdef object _send_whole(self, object response)
    cdef object _end(self, object response, object error)
    cdef object _failed(self, object exc)
