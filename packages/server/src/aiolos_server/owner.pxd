cdef class Owner:
    cpdef object started(self)
    cpdef object finished(self, object result, object error)
