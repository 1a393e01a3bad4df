cdef class Outcome:
    cdef public object _error
    cdef public object _value


cdef class _Ready(Outcome):
    pass


cdef class TransportOwner:
    cdef object __weakref__
    cdef readonly object loop
    cdef readonly object transport
    cdef readonly bint _write_paused
    cdef bint _read_paused
    cdef unsigned int _readied
    cdef dict _lasting
    cdef object _peername
    cdef object _room
    cdef Py_ssize_t _beside
    cdef Py_ssize_t _unsent
    cdef double _watched

    cdef object _watch_unsent(self, double now)
    cdef bint _is_sluggish(self, double least, double now, double seconds) except -1
    cpdef object drain(self)
    cpdef object _ready(self)
    cdef object _remember(self)
    cpdef object _lost(self, object message)
    cpdef object pause_reading(self)
    cpdef object resume_reading(self)
