from aiolos_client.pool cimport Host, Pool


cdef class BaseConnector:
    cdef object __weakref__
    cdef public object _clock
    cdef public set _dialling
    cdef public bint _closed
    cdef public object _emptied
    cdef public bint _force_close
    cdef public dict _hosts
    cdef public object _http2
    cdef public double _keepalive_timeout
    cdef public object _links
    cdef public object _limits
    cdef public object _loop
    cdef public Pool _pool
    cdef public object connect_by

    cpdef object take(self, Host host)
    cpdef object recycled(self, link)
