cpdef int descriptor_of(object transport, object owner) except -2
cpdef bytes send(int descriptor, int first, object payload, bytes key)
