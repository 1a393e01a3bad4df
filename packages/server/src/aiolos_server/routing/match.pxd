cdef class UrlMappingMatchInfo(dict):
    cdef object _current_app
    cdef public object added
    cdef public object chain
    cdef public object route
    cdef public bint shared


cdef class MatchInfoError(UrlMappingMatchInfo):
    pass
