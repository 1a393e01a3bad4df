"""Its twin is tuple.__new__, see `tuples`; this is the slot behind it, without the way there."""

from cpython.object cimport PyObject, PyTypeObject

cdef extern from "Python.h":
    object new_tuple "PyTuple_Type.tp_new" (PyTypeObject *, PyObject *, PyObject *)
    bint PyType_HasFeature(type, unsigned long)
    unsigned long Py_TPFLAGS_TUPLE_SUBCLASS


cpdef object made(type kind, tuple items):
    """See aiolos_websocket.tuples."""
    if not PyType_HasFeature(kind, Py_TPFLAGS_TUPLE_SUBCLASS):
        raise TypeError(f"{kind!r} is no class of tuples")
    cdef tuple arguments = (items,)
    return new_tuple(<PyTypeObject *>kind, <PyObject *>arguments, NULL)
