"""Which cookies go where."""

from aiolos_client.cookiejar import (
    CookieJar,
    DummyCookieJar,
)

__all__ = [
    "CookieJar",
    "DummyCookieJar",
]
