cimport cython

from aiolos_client.clientrequest cimport ClientRequest, Target
from aiolos_client.settings cimport Settings


cdef class Composer:
    cdef public object auth
    cdef public object base_url
    cdef public object dumps
    cdef public object headers
    cdef public Settings settings
    cdef public object skipped
    cdef object _quote_cookie
    cdef object _request
    cdef object _schemes
    cdef dict _targets
    cdef object _version

    @cython.locals(target=Target, settings=Settings)
    cpdef ClientRequest compose(self, session, method, url, options, double now)
    @cython.locals(target=Target)
    cdef object _plain_head(self, session, method, Target target)
    @cython.locals(request=ClientRequest)
    cdef ClientRequest _own(
        self, session, method, Target target, settings, options, auth, double now
    )
    cdef object _fields(self, given, skipped)
    cdef object _authorize(self, fields, given, auth, in_url)


cdef object _version(headers)
