"""Any ASGI 3 application, served by this server: `python -m aiolos_server module:app`.

`application` makes of it what a runner serves; `scope` is what it is told of a request, `http` and
`websocket` are its conversations, `lifespan` its start and end. The other way round, our
application under somebody's ASGI server, is the package `asgi`.
"""

from .application import HostedApplication, is_asgi

__all__ = ["HostedApplication", "is_asgi"]
