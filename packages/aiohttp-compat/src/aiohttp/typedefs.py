"""Names for what the API takes, for annotations."""

from aiolos.typedefs import *  # noqa: F403
from aiolos.typedefs import __all__ as __all__
