cimport cython

from aiolos_protocol.http1.serializer cimport may_have_body
from aiolos_protocol.http2 cimport blocks
from aiolos_protocol.http2.server cimport ServerConnection
from aiolos_protocol.http2.stream cimport Stream
from aiolos_protocol.link.answers cimport check_end, fields_of_answer, fields_of_head, opens_tunnel
from aiolos_protocol.link.h2 cimport H2Stream
from aiolos_protocol.link.h2_pace cimport H2PacedLink
from aiolos_protocol.message cimport RequestHead

cdef int BODY, DONE


cdef class H2ServerLink(H2PacedLink):
    cdef list _free
    cdef object _new_role
    cdef list _reset
    cdef readonly object _server

    cdef H2ServerStream _new_stream(self)
    @cython.locals(free=list)
    cdef H2ServerStream _idle_stream(self)
    @cython.locals(owner=H2ServerStream)
    cpdef object head_received(self, Stream stream, head)
    @cython.locals(owner=H2ServerStream)
    cpdef object head_refused(self, Stream stream, error)
    cpdef object over(self, stream, bint again)
    cdef object _forget_reset(self)
    cpdef object shut_down(self)


cdef class H2ServerStream(H2Stream):
    cdef bint _awaits_continue
    cdef readonly object _exchange
    cdef RequestHead _head
    cdef bint _is_last
    cdef readonly object loop
    cdef readonly object role
    cdef public object transport

    cpdef object requested(self, Stream stream, head)
    cpdef object refused(self, Stream stream, error)
    cdef object _begin(self, Stream stream, head)
    cpdef object late(self, double seconds)
    @cython.locals(link=H2ServerLink, conn=ServerConnection, stream=Stream)
    cpdef object _sent(self)
    cdef object _part(self, exc)
    cpdef object forget(self)
    cpdef object _check(self, head)
    @cython.locals(link=H2ServerLink, conn=ServerConnection, may=bint, whole=bint, block=bytes)
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
    @cython.locals(link=H2ServerLink, block=bytes)
    cdef bytes _answer_block(
        self, RequestHead head, int status, content_type, headers, Py_ssize_t size, bint may
    )
    @cython.locals(link=H2ServerLink, block=bytes)
    cdef bytes _block(self, int status, fields)
    @cython.locals(link=H2ServerLink, head=RequestHead)
    cpdef object send_head(self, response)
    cdef object _inform(self, response)
    @cython.locals(link=H2ServerLink)
    cdef object _leave(self, bint keep_alive)
