"""Names to addresses."""

from aiolos.abc import ResolveResult as ResolveResult
from aiolos.resolver import *  # noqa: F403
from aiolos.resolver import __all__ as __all__

from ._absent import absent

absent(__name__)
