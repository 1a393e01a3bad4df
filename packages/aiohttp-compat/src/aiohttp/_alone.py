"""Refuses to share the import name with the distribution that owns it."""

from aiolos_aiohttp import standin


def check() -> None:
    """Raise ImportError where the real aiohttp is installed too: both write the same files."""
    found = standin.installed()
    if found is not None and not standin.is_stand_in(found):
        raise ImportError(str(standin.RealAiohttp(found.version)), name="aiohttp")
