cdef class Flow:
    cdef object __weakref__
    cdef readonly object loop
    cdef readonly object transport
    cdef readonly bint _write_paused
    cdef unsigned int _readied
    cdef object _room

    cpdef object _lost(self, message)
    cdef object _disconnected(self, exc)
    cdef object _has_room(self)
    cpdef object drain(self)
    cdef object _ready(self)
    cpdef object _stop_reading(self)
    cdef object _go_on_reading(self)
