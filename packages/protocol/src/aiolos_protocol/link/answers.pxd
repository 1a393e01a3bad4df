from aiolos_protocol.message cimport RequestHead

cpdef object check_end(RequestHead head, int status)
cpdef object fields_of_answer(RequestHead head, int status, object content_type, object headers)
cpdef object fields_of_head(object response)
cpdef bint opens_tunnel(RequestHead head, int status)
