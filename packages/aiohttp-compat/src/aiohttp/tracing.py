"""What a request goes through, told by signals."""

from aiolos.tracing import *  # noqa: F403
from aiolos.tracing import __all__ as __all__
