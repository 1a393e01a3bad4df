"""Errors of HTTP, for `except` clauses and for code that raises them."""

from aiolos.http_exceptions import *  # noqa: F403
from aiolos.http_exceptions import __all__ as __all__
