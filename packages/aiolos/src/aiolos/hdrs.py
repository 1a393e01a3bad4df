"""The names of header fields and methods, as constants."""

from aiolos_protocol.hdrs import *  # noqa: F403
