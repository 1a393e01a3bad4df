"""JSON of the usual kind, written straight into bytes and read straight from text; see `jsontext`.

Both give up at whatever is not quite usual, and leave it to the json module, whose word counts.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Next
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.object cimport PyObject
from libc.string cimport memcmp, memcpy

cdef extern from "Python.h":
    int PyUnicode_IS_COMPACT_ASCII(object)
    unsigned char* PyUnicode_1BYTE_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    int PyUnicode_KIND(object)
    void* PyUnicode_DATA(object)
    Py_UCS4 PyUnicode_READ(int, void*, Py_ssize_t)
    object PyUnicode_DecodeASCII(const char*, Py_ssize_t, const char*)
    PyObject* PyDict_SetDefault(object, object, object) except NULL
    long long PyLong_AsLongLongAndOverflow(object, int*) except? -1

# How deep values may lie in one another; deeper ones, and circles, are left to the general encoder.
cdef int DEPTH = 100

cdef char* HEX = "0123456789abcdef"

# What stands for itself in a string: ASCII without controls, DEL, quotes and backslashes.
cdef unsigned char PLAIN[256]
cdef int _number
for _number in range(256):
    PLAIN[_number] = 0x20 <= _number < 0x7F and _number != 0x22 and _number != 0x5C


cdef class _Buffer:
    """Bytes that grow."""

    cdef char* data
    cdef Py_ssize_t size
    cdef Py_ssize_t room

    def __cinit__(self):
        self.room = 1024
        self.data = <char*>PyMem_Malloc(self.room)
        if self.data is NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.data)

    cdef int reserve(self, Py_ssize_t more) except -1:
        cdef char* grown
        cdef Py_ssize_t room = self.room
        if self.size + more <= room:
            return 0
        while room < self.size + more:
            room *= 2
        grown = <char*>PyMem_Realloc(self.data, room)
        if grown is NULL:
            raise MemoryError
        self.data = grown
        self.room = room
        return 0

    cdef int put(self, const char* text, Py_ssize_t size) except -1:
        self.reserve(size)
        memcpy(self.data + self.size, text, size)
        self.size += size
        return 0

    cdef int put_byte(self, char byte) except -1:
        self.reserve(1)
        self.data[self.size] = byte
        self.size += 1
        return 0

    cdef int put_text(self, object text) except -1:
        """A str with its quotes."""
        cdef Py_ssize_t size = PyUnicode_GET_LENGTH(text)
        cdef Py_ssize_t at = 0
        cdef unsigned char* data
        if not PyUnicode_IS_COMPACT_ASCII(text):
            return self.put_escaped(text)
        data = PyUnicode_1BYTE_DATA(text)
        while at < size:
            if not PLAIN[data[at]]:
                return self.put_escaped(text)
            at += 1
        self.reserve(size + 2)
        self.data[self.size] = 0x22
        memcpy(self.data + self.size + 1, data, size)
        self.data[self.size + size + 1] = 0x22
        self.size += size + 2
        return 0

    cdef int put_escaped(self, object text) except -1:
        cdef Py_ssize_t size = PyUnicode_GET_LENGTH(text)
        cdef int kind = PyUnicode_KIND(text)
        cdef void* data = PyUnicode_DATA(text)
        cdef Py_ssize_t at
        cdef unsigned int point
        self.put_byte(0x22)
        for at in range(size):
            point = PyUnicode_READ(kind, data, at)
            if point < 256 and PLAIN[point]:
                self.put_byte(<char>point)
            elif point == 0x22:
                self.put(b'\\"', 2)
            elif point == 0x5C:
                self.put(b"\\\\", 2)
            elif point == 0x0A:
                self.put(b"\\n", 2)
            elif point == 0x0D:
                self.put(b"\\r", 2)
            elif point == 0x09:
                self.put(b"\\t", 2)
            elif point == 0x08:
                self.put(b"\\b", 2)
            elif point == 0x0C:
                self.put(b"\\f", 2)
            elif point > 0xFFFF:
                # A pair of surrogates (RFC 8259 7).
                point -= 0x10000
                self.put_unit(0xD800 | (point >> 10))
                self.put_unit(0xDC00 | (point & 0x3FF))
            else:
                self.put_unit(point)
        return self.put_byte(0x22)

    cdef int put_unit(self, unsigned int unit) except -1:
        cdef char escape[6]
        escape[0] = 0x5C
        escape[1] = 0x75
        escape[2] = HEX[(unit >> 12) & 0xF]
        escape[3] = HEX[(unit >> 8) & 0xF]
        escape[4] = HEX[(unit >> 4) & 0xF]
        escape[5] = HEX[unit & 0xF]
        return self.put(escape, 6)

    cdef int put_int(self, object value) except -1:
        """1 where it is too large."""
        cdef int overflow = 0
        cdef long long number = PyLong_AsLongLongAndOverflow(value, &overflow)
        cdef unsigned long long left
        cdef char digits[20]
        cdef int at = 20
        if overflow:
            return 1
        # Not -number: the least one has no counterpart.
        left = <unsigned long long>number if number >= 0 else 0 - <unsigned long long>number
        while True:
            at -= 1
            digits[at] = 0x30 + <char>(left % 10)
            left //= 10
            if left == 0:
                break
        if number < 0:
            self.put_byte(0x2D)
        self.put(digits + at, 20 - at)
        return 0

    cdef int put_float(self, double value) except -1:
        cdef bytes text
        if value != value:
            return self.put(b"NaN", 3)
        if value - value != 0:
            return self.put(b"Infinity", 8) if value > 0 else self.put(b"-Infinity", 9)
        text = repr(value).encode()
        return self.put(PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))

    cdef int put_value(self, object value, int depth) except -1:
        """1 where the general encoder is needed."""
        if type(value) is str:
            return self.put_text(value)
        if value is None:
            return self.put(b"null", 4)
        if value is True:
            return self.put(b"true", 4)
        if value is False:
            return self.put(b"false", 5)
        if type(value) is int:
            return self.put_int(value)
        if type(value) is float:
            return self.put_float(value)
        if depth == DEPTH:
            return 1
        if type(value) is dict:
            return self.put_dict(<dict>value, depth + 1)
        if type(value) is list:
            return self.put_list(<list>value, depth + 1)
        if type(value) is tuple:
            return self.put_list(list(<tuple>value), depth + 1)
        return 1

    cdef int put_dict(self, dict value, int depth) except -1:
        cdef Py_ssize_t at = 0
        cdef PyObject* key
        cdef PyObject* item
        cdef bint first = True
        self.put_byte(0x7B)
        # Nothing that is called below runs code of the user's, so it does not change meanwhile.
        while PyDict_Next(value, &at, &key, &item):
            if type(<object>key) is not str:
                return 1
            if not first:
                self.put(b", ", 2)
            first = False
            self.put_text(<object>key)
            self.put(b": ", 2)
            if self.put_value(<object>item, depth):
                return 1
        return self.put_byte(0x7D)

    cdef int put_list(self, list value, int depth) except -1:
        cdef bint first = True
        self.put_byte(0x5B)
        for item in value:
            if not first:
                self.put(b", ", 2)
            first = False
            if self.put_value(item, depth):
                return 1
        return self.put_byte(0x5D)


def encoded(object value):
    """The bytes of json.dumps(value); None where `value` holds more than the usual types."""
    cdef _Buffer buffer = _Buffer()
    if buffer.put_value(value, 0):
        return None
    return PyBytes_FromStringAndSize(buffer.data, buffer.size)


# What read() gives where the json module is to be asked.
UNSURE = object()

# More digits than this are not read as a machine's integer.
cdef int DIGITS = 18


cdef class _Reader:
    """Reads ASCII; `unsure` is set where it gives up. Behind the text there is a NUL."""

    cdef const unsigned char* at
    cdef const unsigned char* end
    cdef dict keys
    cdef bint unsure

    cdef object give_up(self):
        self.unsure = True
        return None

    cdef void skip(self) noexcept:
        """White space (RFC 8259 2)."""
        while self.at[0] == 0x20 or self.at[0] == 0x0A or self.at[0] == 0x0D or self.at[0] == 0x09:
            self.at += 1

    cdef object read_value(self, int depth):
        cdef unsigned char first = self.at[0]
        if first == 0x22:
            return self.read_text()
        if first == 0x7B:
            return self.read_dict(depth + 1)
        if first == 0x5B:
            return self.read_list(depth + 1)
        if first == 0x2D or 0x30 <= first <= 0x39:
            return self.read_number()
        if self.end - self.at >= 4 and memcmp(self.at, <const char*>b"true", 4) == 0:
            self.at += 4
            return True
        if self.end - self.at >= 4 and memcmp(self.at, <const char*>b"null", 4) == 0:
            self.at += 4
            return None
        if self.end - self.at >= 5 and memcmp(self.at, <const char*>b"false", 5) == 0:
            self.at += 5
            return False
        return self.give_up()

    cdef object read_text(self):
        """A string without escapes."""
        cdef const unsigned char* start = self.at + 1
        cdef const unsigned char* at = start
        # A NUL, which ends the text, is not plain.
        while PLAIN[at[0]]:
            at += 1
        if at[0] != 0x22:
            return self.give_up()
        self.at = at + 1
        return PyUnicode_DecodeASCII(<const char*>start, at - start, NULL)

    cdef object read_number(self):
        """RFC 8259 6."""
        cdef const unsigned char* start = self.at
        cdef const unsigned char* at = start
        cdef const unsigned char* digits
        cdef long long number = 0
        if at[0] == 0x2D:
            at += 1
        digits = at
        while 0x30 <= at[0] <= 0x39 and at - digits <= DIGITS:
            number = number * 10 + (at[0] - 0x30)
            at += 1
        if at == digits or at - digits > DIGITS or (digits[0] == 0x30 and at - digits > 1):
            return self.give_up()
        if at[0] != 0x2E and at[0] != 0x65 and at[0] != 0x45:
            self.at = at
            return -number if start[0] == 0x2D else number
        if at[0] == 0x2E:
            at += 1
            digits = at
            while 0x30 <= at[0] <= 0x39:
                at += 1
            if at == digits:
                return self.give_up()
        if at[0] == 0x65 or at[0] == 0x45:
            at += 1
            if at[0] == 0x2B or at[0] == 0x2D:
                at += 1
            digits = at
            while 0x30 <= at[0] <= 0x39:
                at += 1
            if at == digits:
                return self.give_up()
        self.at = at
        return float(PyUnicode_DecodeASCII(<const char*>start, at - start, NULL))

    cdef object read_dict(self, int depth):
        cdef dict found = {}
        if depth > DEPTH:
            return self.give_up()
        self.at += 1
        self.skip()
        if self.at[0] == 0x7D:
            self.at += 1
            return found
        while True:
            if self.at[0] != 0x22:
                return self.give_up()
            key = self.read_text()
            if self.unsure:
                return None
            if depth > 1:
                # Lists of like objects share their keys.
                key = <object>PyDict_SetDefault(self.keys, key, key)
            self.skip()
            if self.at[0] != 0x3A:
                return self.give_up()
            self.at += 1
            self.skip()
            value = self.read_value(depth)
            if self.unsure:
                return None
            found[key] = value
            self.skip()
            if self.at[0] == 0x7D:
                self.at += 1
                return found
            if self.at[0] != 0x2C:
                return self.give_up()
            self.at += 1
            self.skip()

    cdef object read_list(self, int depth):
        cdef list found = []
        if depth > DEPTH:
            return self.give_up()
        self.at += 1
        self.skip()
        if self.at[0] == 0x5D:
            self.at += 1
            return found
        while True:
            value = self.read_value(depth)
            if self.unsure:
                return None
            found.append(value)
            self.skip()
            if self.at[0] == 0x5D:
                self.at += 1
                return found
            if self.at[0] != 0x2C:
                return self.give_up()
            self.at += 1
            self.skip()


def read(object text):
    """json.loads(text) for a str; UNSURE where that may be something unusual, or no JSON."""
    cdef _Reader reader
    if type(text) is not str or not PyUnicode_IS_COMPACT_ASCII(text):
        return UNSURE
    reader = _Reader()
    reader.keys = {}
    reader.at = PyUnicode_1BYTE_DATA(text)
    reader.end = reader.at + PyUnicode_GET_LENGTH(text)
    reader.skip()
    value = reader.read_value(0)
    reader.skip()
    return UNSURE if reader.unsure or reader.at != reader.end else value
