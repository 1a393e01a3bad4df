cimport cython

from aiolos_websocket.connection cimport Connection

cdef int ANSWERING, ENDING, OPEN


cdef class Receiver(Connection):
    cdef int _asked_in_vain
    cdef bint _driven
    cdef public int _given_up
    cdef public int _in_fragments
    cdef readonly object _receive_timeout
    cdef object _take
    cdef unsigned int _waits

    cpdef object _consumed(self, message)
    cpdef object _give_up_fragments(self)
    cdef object _wait_by(self, waiter)
    cdef object _end_seen(self, message)
