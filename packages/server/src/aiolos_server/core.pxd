cdef type StreamReader
cdef list _REASON_OF
cdef dict _types

cpdef object typed(object kind, object charset)


cdef class RequestCore:
    cdef public object _bearer
    cdef public object _body
    cdef public object _content
    cdef public object _match_info
    cdef public object head


cdef class ResponseCore:
    cdef public object _body
    cdef public object _content_type
    cdef public object _cookies
    cdef public bint _ended
    cdef public object _exchange
    cdef public object _headers
    cdef public bint _keep_alive
    cdef public object _length
    cdef public object _reason
    cdef public Py_ssize_t _sent_size
    cdef public bint _special
    cdef public int _status

    cdef object _recode(self, object text, object content_type)
    cdef object _take_body(self, object body, object text, object content_type, object charset)
    cdef object send_whole(self, object link, object head, bint keep_alive)
