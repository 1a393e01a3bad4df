from aiolos_client.composer cimport Composer
from aiolos_client.sender cimport Sender
from aiolos_client.settings cimport Settings
from aiolos_client.verbs cimport Verbs


cdef class Asking(Verbs):
    cdef public Composer _composer
    cdef public object _handler
    cdef public object _loop
    cdef public bint _open
    cdef public Sender _sender
    cdef public object _trace_configs
    cdef public bint _trust_env

    cdef object _handling(self, Settings settings)
    cdef object _chain(self, Settings settings)
