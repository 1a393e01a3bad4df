from aiolos_protocol.link.h1 cimport H1Link
from aiolos_protocol.message cimport RequestHead

cdef int BEGUN, BODY, DONE, IDLE


cdef class H1PacedLink(H1Link):
    cdef bint _awaits_continue
    cdef double _body_timeout
    cdef RequestHead _head
    cdef double _head_timeout
    cdef double _idle_since
    cdef double _keepalive_timeout
    cdef long long _seen

    cdef object _refuse(self, object error)
    cdef object _cut_off(self, object error)
    cdef bint _is_running(self) except -1
    cdef object _await_next(self)
    cdef object _await_body(self)
    cdef object _check_body(self)
