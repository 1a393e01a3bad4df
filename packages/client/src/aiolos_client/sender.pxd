cimport cython

from aiolos_client.clientrequest cimport ClientRequest, Target
from aiolos_client.connector cimport BaseConnector
from aiolos_client.deadlines cimport watch
from aiolos_client.pool cimport Host
from aiolos_client.settings cimport Settings


cdef class Sender:
    cdef public object _connector
    cdef object _jar
    cdef object _loop
    cdef BaseConnector _ours
    cdef public bint _repeat
    cdef object _response
    cdef object _ssl
    cdef set _uploads

    @cython.locals(connector=BaseConnector, settings=Settings)
    cdef object at_hand(self, ClientRequest request)
    cdef object ask(self, link, ClientRequest request)
    cdef object accept(self, ClientRequest request, link, exchange, head)
    cdef object _accept(self, ClientRequest request, Host place, link, exchange, head)
    @cython.locals(target=Target)
    cdef Host _place(self, ClientRequest request)
    cdef object _ask(self, link, ClientRequest request)
    cdef object _respond(self, ClientRequest request, head, exchange)
    @cython.locals(settings=Settings)
    cdef object _content(self, ClientRequest request, head, exchange)
    cdef object _give_up(self, link, exchange)
