"""Content-Disposition by aiohttp's names; `fields.disposition` is what reads it."""

from collections.abc import Mapping
from warnings import warn

from ..fields.disposition import join_sections, parse_disposition


class BadContentDispositionHeader(RuntimeWarning):
    """A Content-Disposition that names no type was ignored."""


class BadContentDispositionParam(RuntimeWarning):
    """A parameter of Content-Disposition was ignored. Never given here: it is aiohttp's name."""


def parse_content_disposition(header: str | None) -> tuple[str | None, dict[str, str]]:
    """`(type, parameters)`, decoded as in parse_disposition(); `(None, {})` for None, and with
    the warning BadContentDispositionHeader for what names no type."""
    if not header:
        return None, {}
    found = parse_disposition(header)
    if found is None:
        warn(BadContentDispositionHeader(header), stacklevel=2)
        return None, {}
    return found.type, dict(found.parameters)


def content_disposition_filename(params: Mapping[str, str], name: str = "filename") -> str | None:
    """The file's name among parameters, also those that come as `name*`, decoded, or in numbered
    sections (RFC 2231 3); None where there is none."""
    for key in (f"{name}*", name):
        if key in params:
            return params[key]
    sections: dict[int, tuple[str, bool]] = {}
    for number in range(len(params)):
        for key, encoded in ((f"{name}*{number}", False), (f"{name}*{number}*", True)):
            if key in params:
                sections[number] = (params[key], encoded)
    return join_sections(sections)
