"""Routes, defined before there is an application."""

from aiolos_server.routing import definitions
from aiolos_server.routing.definitions import *  # noqa: F403

__all__ = definitions.__all__
