"""Method names (RFC 9110 9, RFC 5789, draft-ietf-httpbis-safe-method-w-body) and their promises."""

from typing import Final

CONNECT: Final = "CONNECT"
DELETE: Final = "DELETE"
GET: Final = "GET"
HEAD: Final = "HEAD"
OPTIONS: Final = "OPTIONS"
PATCH: Final = "PATCH"
POST: Final = "POST"
PUT: Final = "PUT"
QUERY: Final = "QUERY"
TRACE: Final = "TRACE"
ANY: Final = "*"

ALL: Final = frozenset({CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE})
# RFC 9110 9.2.2: repeating one of these has the effect of sending it once.
IDEMPOTENT: Final = frozenset({GET, HEAD, OPTIONS, TRACE, PUT, DELETE, QUERY})
