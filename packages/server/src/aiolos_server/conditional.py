"""Preconditions and ranges: what to answer to whom who may have it already (RFC 9110 13, 14)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from aiolos_protocol import hdrs
from aiolos_protocol.fields.dates import parse_http_date
from aiolos_protocol.fields.etag import ETag, parse_etag, parse_etags, strong_match, weak_match
from aiolos_protocol.fields.ranges import parse_range
from aiolos_protocol.limits import DEFAULT_LIMITS, Limits


class Outcome(NamedTuple):
    """The status, and for 206 the parts as `(start, stop)`, stop excluded, in their order."""

    status: int
    parts: tuple[tuple[int, int], ...] = ()


WHOLE: Final = Outcome(200)
NOT_MODIFIED: Final = Outcome(304)
FAILED: Final = Outcome(412)
UNSATISFIABLE: Final = Outcome(416)


def outcome(
    method: str,
    headers: "Mapping[str, str]",
    *,
    etag: ETag,
    modified: datetime,
    size: int,
    limits: Limits = DEFAULT_LIMITS,
) -> Outcome:
    """What to answer where a representation of `size` bytes with these validators is at hand.

    `modified` has whole seconds and is in UTC. The order is that of RFC 9110 13.2.2; other methods
    than GET and HEAD get the whole. LimitExceeded for more parts than `limits.ranges`.
    """
    if method not in ("GET", "HEAD"):
        return WHOLE
    match = headers.get(hdrs.IF_MATCH)
    if match is not None:
        if not strong_match(etag, parse_etags(match)):
            return FAILED
    else:
        unmodified = parse_http_date(headers.get(hdrs.IF_UNMODIFIED_SINCE))
        if unmodified is not None and modified > unmodified:
            return FAILED
    none_match = headers.get(hdrs.IF_NONE_MATCH)
    if none_match is not None:
        if weak_match(etag, parse_etags(none_match)):
            return NOT_MODIFIED
    else:
        since = parse_http_date(headers.get(hdrs.IF_MODIFIED_SINCE))
        if since is not None and modified <= since:
            return NOT_MODIFIED
    asked = headers.get(hdrs.RANGE)
    if asked is None or method != "GET" or not _if_range(headers, etag, modified):
        return WHOLE
    return _parts(asked, size, limits)


def _if_range(headers: "Mapping[str, str]", etag: ETag, modified: datetime) -> bool:
    """Whether the part still belongs to what the client has (RFC 9110 13.1.5)."""
    field = headers.get(hdrs.IF_RANGE)
    if field is None:
        return True
    tag = parse_etag(field)
    if tag is not None:
        return strong_match(etag, (tag,))
    return parse_http_date(field) == modified


def _parts(asked: str, size: int, limits: Limits) -> Outcome:
    try:
        ranges = parse_range(asked, limits)
    except ValueError:
        # RFC 9110 14.2: a unit that is not known is ignored; the rest is a client's mistake.
        return UNSATISFIABLE if asked.lower().startswith("bytes=") else WHOLE
    parts = tuple(part for each in ranges if (part := each.resolve(size)) is not None)
    if not parts:
        return UNSATISFIABLE
    if sum(stop - start for start, stop in parts) > size:
        # RFC 9110 14.2, 17.15: overlapping parts cost more than the whole is worth.
        return WHOLE
    return Outcome(206, parts)
