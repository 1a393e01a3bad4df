from aiolos_websocket._bypass cimport send
from aiolos_websocket.flow cimport Flow
from aiolos_websocket.writer cimport Writer

cdef int ANSWERING, BINARY, FIN, OPEN, TEXT, _LARGE, _TOGETHER


cdef class Sender(Flow):
    cdef bint _behind
    cdef object _clock
    cdef list _corked
    cdef Py_ssize_t _corked_size
    cdef readonly object _options
    cdef public object _outbox
    cdef readonly int _phase
    cdef readonly object _role
    cdef int _socket
    cdef int _straight
    cdef Writer _writer

    cdef object _send(self, int opcode, message, compress)
    cpdef object _send_message(self, int opcode, message, compress)
    cpdef object _sending_waits(self, written)
    cpdef object _closed_error(self)
    cpdef object _new_outbox(self, deflater)
    cdef object _begin_straight(self)
    cdef object _end_straight(self)
    cdef object _use_transport(self)
    cdef object _give(self, bytes data)
    cdef object _cork(self)
    cdef object _uncork(self)
    cdef object _flush(self)
    cpdef object _put(self, bytes data)
    cpdef object _write(self, int opcode, payload)
