cimport cython

from aiolos_client.clientrequest cimport ClientRequest, Target
from aiolos_client.connector cimport BaseConnector
from aiolos_client.deadlines cimport watch
from aiolos_client.pool cimport Host
from aiolos_client.settings cimport Settings


cdef class Sender:
    cdef public BaseConnector _connector
    cdef object _jar
    cdef object _loop
    cdef public bint _repeat
    cdef object _response
    cdef object _ssl
    cdef set _uploads

    @cython.locals(target=Target)
    cdef Host _place(self, ClientRequest request)
    cdef object _ask(self, link, ClientRequest request)
    cdef object _respond(self, ClientRequest request, head, exchange)
    @cython.locals(settings=Settings)
    cdef object _content(self, ClientRequest request, head, exchange)
    cdef object _give_up(self, link, exchange)
