cdef class Floods:
    cdef list _bounds
    cdef list _levels
    cdef double _since
    cdef bint _spent

    cpdef spend(self, int kind, double now, double count=*, str what=*)
    cpdef earn(self, int kind, double count)
    cpdef answered(self)
    cdef _leak(self, double now)
