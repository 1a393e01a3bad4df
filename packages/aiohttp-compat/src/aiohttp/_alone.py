"""Refuses to share the import name with the distribution that owns it."""

from aiolos_aiohttp import standin


def check() -> None:
    """Raise ImportError where the real aiohttp is installed there, too: they share files."""
    found = standin.installed()
    if found is None or standin.is_stand_in(found):
        return
    # One in another folder of the path, as of the system below an environment, is another's.
    found = standin.real_beside()
    if found is not None:
        raise ImportError(str(standin.RealAiohttp(found.version)), name="aiohttp")
