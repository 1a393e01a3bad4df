from aiolos_websocket.sending cimport Sender

cdef int ANSWERING, CLOSE, CLOSING, ENDING, FAILED, GONE, LOST, OPEN, PING, RECEIVED, SENT


cdef class Closer(Sender):
    cdef object _alarm
    cdef bytes _answer
    cdef readonly object _close_code
    cdef readonly object _exception
    cdef object _gone
    cdef object _heartbeat
    cdef object _on_lost

    cdef object _tell(self, kind, data, extra=*)
    cdef object _wake(self)
    cdef object _stop_receiving(self)
    cdef object _move(self, int event)
    cdef object _ended_by_peer(self, code, bytes answer)
    cpdef object _send_close(self, bytes payload)
    cdef object _end(self)
    cdef object _expect_end(self)
    cdef object _abort(self)
