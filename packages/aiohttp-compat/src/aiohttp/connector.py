"""Connections, pooled."""

from aiolos.connector import *  # noqa: F403
from aiolos.connector import __all__ as __all__
