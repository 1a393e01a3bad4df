cdef Py_ssize_t _chunk_size
cdef bytes _chunk_line
cdef tuple _last_key
cdef bytes _last_prefix
cdef dict _prefixes
cdef tuple _SIZES

cpdef bytes response_prefix(object status, object reason, object content_type, object server, object keep_alive)
cpdef bytes size_line(Py_ssize_t size)
cpdef bytes chunk(bytes data)
cpdef bytes chunk_line(Py_ssize_t size)
cpdef bint may_have_body(int status)
