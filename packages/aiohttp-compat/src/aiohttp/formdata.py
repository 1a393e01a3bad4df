"""Forms to send."""

from aiolos.formdata import *  # noqa: F403
from aiolos.formdata import __all__ as __all__
