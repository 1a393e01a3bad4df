cimport cython

from aiolos_websocket._bypass cimport descriptor_of
from aiolos_websocket._waiter cimport Waiter
from aiolos_websocket.closing cimport Closer
from aiolos_websocket.reader cimport Reader

cdef int ANSWERING, CLOSE, CLOSING, MESSAGE_COST, OPEN, PING, PONG, _SINGLE


cdef class Connection(Closer):
    cdef Waiter _gate
    cdef bint _held
    cdef bint _inflates
    cdef public object _listener
    cdef object _pong_due
    cdef readonly object _queue
    cdef readonly Reader _reader
    cdef bint _to_be_read
    cdef readonly object _waiter

    cdef object _received(self, bytes data)
    cpdef object _read_on(self)
    cpdef object _read_what_is_kept(self)
    cpdef object _read_on_next_turn(self)
    cpdef object _after_reading(self, bint held)
    cdef bint _answers_wait(self) except -1
    cdef object _let_peer_wait(self)
    cdef object _hear_peer_again(self)
    cpdef object _sending_waits(self, written)
    cdef object _hold(self, bint held)
    cdef object _set_heartbeat(self)
    cdef object _close_received(self, bytes payload)
    cpdef object _reading_failed(self, error)
