"""Multipart bodies, read and written."""

from aiolos.multipart import *  # noqa: F403
from aiolos.multipart import __all__ as __all__
