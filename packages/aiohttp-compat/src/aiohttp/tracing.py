"""What a request goes through, told by signals."""

from aiolos.tracing import *  # noqa: F403
from aiolos.tracing import __all__ as __all__
from aiolos_client.tracing import Traces as Trace  # noqa: F401
