"""Which cookies go where."""

from aiolos.cookiejar import *  # noqa: F403
from aiolos.cookiejar import __all__ as __all__
