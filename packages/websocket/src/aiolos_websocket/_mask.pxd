cpdef bytes mask(bytes data, Py_ssize_t start, Py_ssize_t end, bytes key, int phase)
cpdef bytes unmask(bytes data, Py_ssize_t start, Py_ssize_t end)
cpdef bytes frame(int first, object payload, bytes key)
