"""Pages from Jinja templates; a superset of aiohttp_jinja2."""

from aiolos.contrib.jinja2 import *  # noqa: F403
from aiolos.contrib.jinja2 import __all__ as __all__
