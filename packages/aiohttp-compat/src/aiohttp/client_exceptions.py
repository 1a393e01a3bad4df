"""What the client raises."""

from aiolos.client_exceptions import *  # noqa: F403
from aiolos.client_exceptions import __all__ as __all__
