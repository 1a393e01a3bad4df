"""The loggers that applications configure by the names of the original."""

import logging
from typing import Final

access_logger: Final = logging.getLogger("aiohttp.access")
client_logger: Final = logging.getLogger("aiohttp.client")
internal_logger: Final = logging.getLogger("aiohttp.internal")
server_logger: Final = logging.getLogger("aiohttp.server")
web_logger: Final = logging.getLogger("aiohttp.web")
ws_logger: Final = logging.getLogger("aiohttp.websocket")
