cdef class SharedBuffer:
    cdef object _buffer
    cdef object _owner
