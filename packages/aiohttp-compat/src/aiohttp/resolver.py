"""Names to addresses."""

from aiolos.abc import ResolveResult as ResolveResult
from aiolos.resolver import *  # noqa: F403
from aiolos.resolver import __all__ as __all__
