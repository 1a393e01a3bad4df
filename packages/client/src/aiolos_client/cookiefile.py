"""Cookies in a file of JSON: `{"domain|path": {name: {...}}}`, as aiohttp writes it."""

import json
import os
from collections.abc import Iterable, Iterator
from logging import getLogger
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any, Final

from aiolos_protocol.cookies import format_cookie, quote_value
from aiolos_protocol.cookies.morsels import CookieMorsel, set_cookie_of
from aiolos_protocol.errors import WrongType

from .cookiestore import LONGEST, Kept, expiry

logger: Final = getLogger("aiolos.client")
_FLAGS = ("secure", "httponly", "partitioned")


def save(path: Path, cookies: Iterable[Kept]) -> None:
    """Write `cookies`, readable for the owner only, in one step: a reader sees all or the old."""
    content: dict[str, dict[str, Any]] = {}
    for each in cookies:
        content.setdefault(f"{each.domain}|{each.path}", {})[each.cookie.name] = _entry(each)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def load(path: Path, now: float) -> Iterator[Kept]:
    """The cookies in `path`; those that cannot be sent are left out. Raises ValueError where it
    holds something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = [
            _kept(place, name, entry, now)
            for place, cookies in content.items()
            for name, entry in cookies.items()
        ]
    except (AttributeError, TypeError) as error:
        raise WrongType(f"{path} is no file of cookies: {error!r}") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is no file of cookies: {error}; pickles, as aiohttp wrote them once, are not "
            "read, for reading one can run anything"
        ) from error
    except (ValueError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is no file of cookies: {error!r}") from error
    return filter(_can_be_sent, found)


def _entry(each: Kept) -> dict[str, Any]:
    cookie = each.cookie
    entry: dict[str, Any] = {
        "key": cookie.name,
        "value": cookie.decoded,
        "coded_value": cookie.value,
        "path": each.path,
        "domain": each.domain,
    }
    entry.update((flag, True) for flag in _FLAGS if getattr(cookie, flag))
    if cookie.samesite:
        entry["samesite"] = cookie.samesite
    if each.host_only:
        entry["host_only"] = True
    if each.expires != inf:
        entry["expires_timestamp"] = each.expires
    return entry


def _kept(place: str, name: str, entry: dict[str, Any], now: float) -> Kept:
    domain, _, path = place.partition("|")
    value = str(entry["value"])
    morsel = CookieMorsel()
    morsel.set(name, value, str(entry.get("coded_value", quote_value(value))))
    dict.update(morsel, {key: entry[key] for key in morsel if key in entry})
    cookie = set_cookie_of(morsel)
    # Before it had a moment of its own, aiohttp wrote what the server had said.
    expires = (
        _moment(name, place, entry, now) if "expires_timestamp" in entry else expiry(cookie, now)
    )
    return Kept(cookie, domain, cookie.path or path or "/", bool(entry.get("host_only")), expires)


def _moment(name: str, place: str, entry: dict[str, Any], now: float) -> float:
    given = entry["expires_timestamp"]
    try:
        moment = float(given)
    except ValueError:
        moment = nan
    if not isfinite(moment):
        raise ValueError(
            f"Cookie {name!r} in {place!r}: expiration timestamp must be a finite number, not "
            f"{given!r:.80}"
        )
    return min(moment, now + LONGEST)


def _can_be_sent(each: Kept) -> bool:
    try:
        format_cookie([(each.cookie.name, each.cookie.value)])
    except ValueError as error:
        logger.warning("the cookie %s of %s is ignored: %s", each.cookie.name, each.domain, error)
        return False
    return True
