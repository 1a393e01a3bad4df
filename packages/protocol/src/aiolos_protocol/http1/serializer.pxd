cdef Py_ssize_t _chunk_size
cdef bytes _chunk_line
cdef int _last_status
cdef object _last_reason
cdef object _last_type
cdef object _last_server
cdef bint _last_keep_alive
cdef bytes _last_prefix
cdef dict _prefixes
cdef tuple _SIZES
cdef bytes _whole_prefix
cdef Py_ssize_t _whole_size
cdef bytes _whole_lines
cdef bytes _whole_head

cpdef bytes response_prefix(
    int status, object reason, object content_type, object server, bint keep_alive
)
cpdef bytes whole_head(
    int status, object reason, object content_type, object server, bint keep_alive,
    Py_ssize_t size, bytes last_lines,
)
cpdef bytes chunk(bytes data)
cpdef bytes chunk_line(Py_ssize_t size)
cpdef bint may_have_body(int status)
