cimport cython


cdef class Host:
    cdef object __weakref__
    cdef public bint apart
    cdef public object borrowers
    cdef public dict idle
    cdef public Py_ssize_t in_use
    cdef public bint is_tls
    cdef public object key
    cdef public object lender
    cdef public bint listed
    cdef public bint opening
    cdef public dict shared
    cdef public object sharing
    cdef public Py_ssize_t streams
    cdef public object waiting


cdef class Pool:
    cdef public Py_ssize_t limit
    cdef public Py_ssize_t limit_per_host
    cdef public Py_ssize_t in_use
    cdef object _hosts
    cdef dict _idle
    cdef Py_ssize_t _ticket
    cdef public list _next

    cpdef bint has_room(self, Host host) except -1
    cpdef tuple take(self, Host host)
    cpdef release(self, Host host)
    cpdef give_back(self, Host host, link, double now)
    cpdef object join(self, Host host)
    cdef object _join_lender(self, Host host)
    @cython.locals(count=Py_ssize_t)
    cdef bint _add(self, Host host, link) except -1
    cpdef bint part(self, Host host, link) except -1
    cpdef bint is_waited_for(self) except -1
    cdef object _list(self, Host host)
