cdef class Clock:
    cdef public object _handle
    cdef public object _loop
    cdef public object _second
    cdef public object _wall
    cdef public set _watched
    cdef public bytes date
    cdef public bytes last_lines
    cdef public double now
