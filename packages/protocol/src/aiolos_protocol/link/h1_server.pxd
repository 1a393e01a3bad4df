cimport cython

from aiolos_protocol.http1.serializer cimport may_have_body, response_prefix, whole_head
from aiolos_protocol.link.answers cimport check_end, fields_of_answer, fields_of_head, opens_tunnel
from aiolos_protocol.link.h1_exchange cimport H1Exchange
from aiolos_protocol.link.h1_pace cimport H1PacedLink
from aiolos_protocol.message cimport RequestHead
from aiolos_protocol.streams cimport whole_reader

cdef int BEGIN, BEGUN, BODY, CLOSE, CLOSED, COMPLETE, DONE, HEAD, IDLE, JOIN, SWITCH
cdef tuple ROWS


cdef class H1ServerLink(H1PacedLink):
    cdef bint _half_closed
    cdef object _http2
    cdef object _role
    cdef object _server

    cdef object _leave_for_http2(self)
    @cython.locals(head=RequestHead, at=Py_ssize_t)
    cpdef bint _head_received(self) except -1
    cdef object _nothing_follows(self)
    cdef bint _is_ambiguous(self) except -1
    cdef object _inform(self, response)
    cdef object _check_leaving(self, int status)
    @cython.locals(size=Py_ssize_t, start=bytes, bodiless=bint, sending=cython.int)
    cpdef object answer(
        self,
        RequestHead head,
        int status,
        object reason,
        object content_type,
        object headers,
        bytes body,
        bint keep_alive,
    )
    cdef object _refuse(self, object error)
    cdef object _cut_off(self, object error)
    cdef object _linger(self)
    cdef object _check(self, head)
    cpdef object _send_head(self, response)
    cdef object _discard_body(self)


cdef class H1ServerExchange(H1Exchange):
    pass
