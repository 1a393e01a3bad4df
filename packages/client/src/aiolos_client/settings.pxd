cdef class Settings:
    cdef readonly object allow_redirects
    cdef readonly object auto_decompress
    cdef readonly bint is_fine
    cdef readonly bint is_proxied
    cdef readonly object limits
    cdef readonly object max_redirects
    cdef readonly object middlewares
    cdef readonly object on_informational
    cdef readonly object raise_for_status
    cdef readonly object read_until_eof
    cdef readonly object retry
    cdef readonly object route
    cdef readonly double silence
    cdef readonly object timeout
    cdef readonly double total
    cdef readonly object trace_request_ctx
    cdef readonly object version
