"""Cookies in a file of JSON: `{"domain|path": {name: {...}}}`, as aiohttp writes it."""

import json
import os
from collections.abc import Iterable, Iterator
from math import inf
from pathlib import Path
from typing import Any

from aiolos_protocol.cookies import SetCookie, quote_value

from .cookiestore import Kept

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


def load(path: Path) -> Iterator[Kept]:
    """The cookies in `path`. Raises ValueError where it holds something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = [
            _kept(place, name, entry)
            for place, cookies in content.items()
            for name, entry in cookies.items()
        ]
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no file of cookies: {error!r}") from error
    return iter(found)


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


def _kept(place: str, name: str, entry: dict[str, Any]) -> Kept:
    domain, _, path = place.partition("|")
    cookie = SetCookie(
        name,
        str(entry["coded_value"]) if "coded_value" in entry else quote_value(str(entry["value"])),
        secure=bool(entry.get("secure")),
        httponly=bool(entry.get("httponly")),
        samesite=str(entry.get("samesite", "")),
        partitioned=bool(entry.get("partitioned")),
    )
    return Kept(
        cookie,
        domain,
        str(entry.get("path") or path or "/"),
        bool(entry.get("host_only")),
        float(entry.get("expires_timestamp", inf)),
    )
