"""Domains under which strangers register names, so that no cookie may be set for them."""

from functools import cache, lru_cache
from typing import Any


@cache
def _suffixes() -> Any:
    try:
        from publicsuffixlist import PublicSuffixList
    except ImportError:
        return None
    return PublicSuffixList()


def is_public_suffix(domain: str) -> bool:
    """Whether `domain`, in lower case, is one.

    By the public suffix list where the distribution publicsuffixlist is installed; else only
    what has a single label ("com") is taken for one.
    """
    suffixes = _suffixes()
    if suffixes is None:
        return "." not in domain
    return bool(suffixes.is_public(domain))


@lru_cache(maxsize=4096)
def registrable_domain(domain: str) -> str:
    """What somebody has registered, of `domain`, in lower case; itself where it has none.

    Without publicsuffixlist its last two labels stand for it.
    """
    suffixes = _suffixes()
    if suffixes is None:
        return ".".join(domain.rsplit(".", 2)[-2:])
    return suffixes.privatesuffix(domain) or domain
