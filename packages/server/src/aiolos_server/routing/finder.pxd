cimport cython

from aiolos_server.routing.pattern cimport PathPattern
from aiolos_server.routing.tree cimport PathTree

cdef object ANY


cdef class PatternRoutes:
    cdef dict _by_method
    cdef PathPattern _pattern

    @cython.locals(values=dict, routes=dict)
    cpdef tuple find(self, object head, str path, list segments)


cdef class Finder:
    cdef public tuple apps
    cdef public list hosts
    cdef public dict plain
    cdef public object refusal
    cdef public PathTree tree

    @cython.locals(path=str, routes=dict, allowed=set, segments=list, resources=list, length=Py_ssize_t)
    cpdef object find(self, object head)
    cdef object _refused(self, object error)
