"""Answers that are raised, one for each status."""

from aiolos.web_exceptions import *  # noqa: F403
from aiolos.web_exceptions import __all__ as __all__
