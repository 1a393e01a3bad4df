"""Refuses to share the import name with the distribution that owns it."""

from importlib.metadata import PackageNotFoundError, distribution
from typing import Final

# What an installation that stands in for the real one says of itself (see the README).
STAND_IN: Final = "aiolos-aiohttp"


def check() -> None:
    """Raise ImportError where the real aiohttp is installed too: both write the same files."""
    try:
        found = distribution("aiohttp")
    except PackageNotFoundError:
        return
    if (found.read_text("INSTALLER") or "").strip() != STAND_IN:
        raise ImportError(
            f"aiohttp {found.version} and aiolos-aiohttp are installed beside one another, and "
            "both own the folder aiohttp; run: pip uninstall -y aiohttp aiolos-aiohttp && "
            "pip install aiolos-aiohttp",
            name="aiohttp",
        )
