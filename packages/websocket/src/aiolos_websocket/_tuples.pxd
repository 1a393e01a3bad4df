cpdef object made(type kind, tuple items)
