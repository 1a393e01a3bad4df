cdef class Field:
    cdef public bytes name
    cdef public bytes value
    cdef public Py_ssize_t size
    cdef public int kind
    cdef public bytes line
    cdef public str text
