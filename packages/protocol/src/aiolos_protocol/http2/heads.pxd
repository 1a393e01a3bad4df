cimport cython

from aiolos_protocol.http2.field cimport Field
from aiolos_protocol.http2.stream cimport Stream
from aiolos_protocol.message cimport received_request, received_response

cdef int UNJUDGED, _AUTHORITY, _COOKIE, _EXPECT, _HOST, _LENGTH, _METHOD, _PATH, _PLAIN
cdef int _CACHE_SIZE, _CACHED_NAME, _PRIORITY, _PROTOCOL, _SCHEME, _SPACE, _STATUS
cdef set _plain_names


cdef class _Parts:
    cdef public list pseudo
    cdef public int pseudos
    cdef public list lines
    cdef public list cookies
    cdef public Field host
    cdef public long long length
    cdef public bytes expect
    cdef public bytes priority

    cdef bytes block(self)


cpdef int judge(Field field) except -2
cdef bint _is_value(bytes value) except -1
cdef _judge_name(bytes name)
cdef _judge_pseudo(Field field, int kind)
@cython.locals(parts=_Parts, lines=list, field=Field, kind=int, most=Py_ssize_t, regular=bint)
cdef _Parts _sorted(list fields, limits)
cdef _note(_Parts parts, Field field, int kind)
@cython.locals(
    parts=_Parts, pseudo=list, method_field=Field, scheme_field=Field, path_field=Field,
    protocol_field=Field, authority_field=Field, length=cython.longlong,
)
cpdef read_request(
    list fields, Py_ssize_t size, bint ended, bint connect_protocol, Stream stream, limits
)
@cython.locals(host=Field)
cdef _host(_Parts parts, Field authority)
@cython.locals(parts=_Parts, pseudo=list, status_field=Field, status=int, length=cython.longlong,
               bodiless=bint)
cpdef read_response(list fields, Py_ssize_t size, bint ended, Stream stream, limits)
cdef _response(_Parts parts, int status, long long length, bint chunked, Py_ssize_t size)
@cython.locals(field=Field)
cpdef read_trailers(list fields, limits)
