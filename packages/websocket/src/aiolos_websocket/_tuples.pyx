"""Its twin is tuple.__new__, see `tuples`; this is what that comes to, without the way there."""

cdef extern from *:
    """
    static PyObject *new_tuple(PyTypeObject *kind, PyObject *items) {
    #if PY_VERSION_HEX < 0x030E0000
        Py_ssize_t size = PyTuple_GET_SIZE(items);
        PyObject *made = kind->tp_alloc(kind, size);
        if (made) {
            while (size--) {
                PyObject *item = PyTuple_GET_ITEM(items, size);
                Py_INCREF(item);
                PyTuple_SET_ITEM(made, size, item);
            }
        }
        return made;
    #else
        /* From here on a tuple has more in it than its items. */
        PyObject *arguments = PyTuple_Pack(1, items);
        PyObject *made = arguments ? PyTuple_Type.tp_new(kind, arguments, NULL) : NULL;
        Py_XDECREF(arguments);
        return made;
    #endif
    }
    """
    object new_tuple(type, tuple)
    bint PyType_HasFeature(type, unsigned long)
    unsigned long Py_TPFLAGS_TUPLE_SUBCLASS


cpdef object made(type kind, tuple items):
    """See aiolos_websocket.tuples."""
    if not PyType_HasFeature(kind, Py_TPFLAGS_TUPLE_SUBCLASS):
        raise TypeError(f"{kind!r} is no class of tuples")
    return new_tuple(kind, items)
