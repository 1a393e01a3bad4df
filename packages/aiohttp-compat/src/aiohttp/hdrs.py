"""The names of header fields and methods."""

from aiolos.hdrs import *  # noqa: F403
