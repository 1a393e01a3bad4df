"""Pages from Jinja templates."""

from aiolos_server.contrib.jinja2 import *  # noqa: F403
from aiolos_server.contrib.jinja2 import __all__ as __all__
