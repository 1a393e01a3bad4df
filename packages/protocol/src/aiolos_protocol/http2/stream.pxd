from aiolos_protocol.http2.windows cimport ReceiveWindow


cdef class Stream:
    cdef public long long batch
    cdef public bint ending
    cdef public long long expected
    cdef public bint held
    cdef public unsigned int id
    cdef public bint incremental
    cdef public int informed
    cdef public object method
    cdef public bint tunnel
    cdef public long long moved
    cdef public Py_ssize_t offset
    cdef public object owner
    cdef public object queue
    cdef public Py_ssize_t queued
    cdef public int receiving
    cdef public bint scheduled
    cdef public long long send_left
    cdef public int sending
    cdef public bytes trailers
    cdef public int urgency
    cdef public bint waited
    cdef public ReceiveWindow window
