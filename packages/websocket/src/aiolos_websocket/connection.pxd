cimport cython

from aiolos_websocket.flow cimport Flow
from aiolos_websocket.reader cimport Reader
from aiolos_websocket.writer cimport Writer

cdef int ANSWERING, BINARY, CLOSE, CLOSING, ENDING, FAILED, GONE, LOST, OPEN, PING, PONG
cdef int RECEIVED, SENT, TEXT


cdef class Connection(Flow):
    cdef object _alarm
    cdef bytes _answer
    cdef int _asked_in_vain
    cdef object _clock
    cdef readonly object _close_code
    cdef readonly object _exception
    cdef object _gone
    cdef object _heartbeat
    cdef bint _held
    cdef public bint _in_fragments
    cdef public bint _listening
    cdef object _on_lost
    cdef readonly object _options
    cdef public object _outbox
    cdef readonly int _phase
    cdef object _pong_due
    cdef readonly object _queue
    cdef readonly Reader _reader
    cdef readonly object _role
    cdef readonly object _waiter
    cdef Writer _writer

    cpdef object _read_on(self)
    cdef object _after_reading(self, bint held)
    cdef bint _discard(self, bint held) except -1
    cdef object _hold(self, bint held)
    cdef object _enqueue(self, kind, data, extra=*)
    cpdef object _new_waiter(self)
    cdef object _wake(self)
    cpdef object _consumed(self, message)
    cpdef object _give_up_fragments(self)
    cpdef object _send(self, int opcode, message, compress)
    cpdef object _closed_error(self)
    cpdef object _new_outbox(self, deflater)
    cpdef object _put(self, bytes data)
    cpdef object _write(self, int opcode, payload)
    cdef object _move(self, int event)
    cdef object _close_received(self, bytes payload)
    cdef object _ended_by_peer(self, code, bytes answer, kind, data, extra=*)
    cdef object _end_seen(self, message)
    cpdef object _send_close(self, bytes payload)
    cpdef object _reading_failed(self, error)
    cdef object _end(self)
    cdef object _expect_end(self)
    cdef object _abort(self)
