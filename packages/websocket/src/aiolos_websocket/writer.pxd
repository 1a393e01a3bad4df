from aiolos_websocket._mask cimport frame

cdef int FIN, RSV1
cdef MaskingKeys _keys


cdef class MaskingKeys:
    cdef Py_ssize_t _at
    cdef bytes _pool

    cpdef bytes next(self)
    cpdef object forget(self)


cdef class Writer:
    cdef readonly bint masks

    cpdef bytes header(self, int opcode, Py_ssize_t size)
    cpdef bytes frame(self, int opcode, object payload, bint fin=*, bint compressed=*)
    cdef bytes key(self)
