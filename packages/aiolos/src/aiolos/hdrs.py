"""The names of header fields and methods, as constants."""

from itertools import product
from typing import Final

from aiolos_protocol import methods
from aiolos_protocol.hdrs import *  # noqa: F403

METH_ALL: Final = methods.ALL
METH_ANY: Final = methods.ANY
METH_CONNECT: Final = methods.CONNECT
METH_DELETE: Final = methods.DELETE
METH_GET: Final = methods.GET
METH_HEAD: Final = methods.HEAD
METH_OPTIONS: Final = methods.OPTIONS
METH_PATCH: Final = methods.PATCH
METH_POST: Final = methods.POST
METH_PUT: Final = methods.PUT
METH_TRACE: Final = methods.TRACE

# Host in every spelling.
HOST_ALL: Final = frozenset(map("".join, product(*zip("host", "HOST", strict=True))))
