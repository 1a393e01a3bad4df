cdef class Verbs:
    pass
