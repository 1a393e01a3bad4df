"""What a head says besides a response's own fields, for whoever looks at its `headers`.

A connection adds its fields to a copy, while it sends the head. So they are worked out once more
for those who want to see them, whoever does not look pays nothing.
"""

from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Final

from aiolos_protocol import hdrs
from aiolos_protocol.http1.serializer import may_have_body, version_allows_chunks
from aiolos_protocol.link.answers import opens_tunnel, tells_length
from aiolos_protocol.message import HttpVersion10, HttpVersion11, RequestHead, ResponseHead
from multidict import CIMultiDict

# To take one of these out means something else than not to send it; see Composing.heed().
_APART: Final = frozenset(
    {
        *("connection", "content-length", "transfer-encoding"),
        *("content-encoding", "date", "server", "set-cookie"),
    }
)

# What a connection adds to each head: the text of Server, and the Date line; empty for none.
Stamp = tuple[str, bytes]


def add_own(
    fields: "CIMultiDict[str]", request: RequestHead, response: ResponseHead, stamp: Stamp
) -> None:
    """Add to the `fields` of `response` what a connection adds as it sends it."""
    status, length, version = response.status, response.length, request.version
    keep_alive = response.keep_alive and request.keep_alive
    leaves = status == 101 or opens_tunnel(request, status)
    told = length >= 0 and tells_length(request, response)
    if status != 304:
        fields.pop(hdrs.CONTENT_LENGTH, None)
    if may_have_body(status) and not leaves:
        if told:
            fields[hdrs.CONTENT_LENGTH] = str(length)
        elif length < 0 and version == HttpVersion11:
            fields[hdrs.TRANSFER_ENCODING] = "chunked"
        elif length < 0 and not version_allows_chunks(version):
            keep_alive = False
    if version <= HttpVersion11 and not leaves:
        if not keep_alive:
            fields[hdrs.CONNECTION] = "close"
        elif version == HttpVersion10:
            fields[hdrs.CONNECTION] = "keep-alive"
    server, line = stamp
    date = line.partition(b":")[2].strip().decode()
    for name, value in ((hdrs.DATE, date), (hdrs.SERVER, server)):
        if not fields.setdefault(name, value):
            # Of what is there, an empty one is not sent.
            del fields[name]


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the receivers of on_response_prepare were shown.

    `own` are the response's own fields, `shown` those with what was added; `length` is the one
    that was set, `shown_length` the one that the head would have.
    """

    own: "CIMultiDict[str]"
    shown: "CIMultiDict[str]"
    length: int
    shown_length: int

    def take_back(self, fields: "CIMultiDict[str]") -> "set[str]":
        """Take out of `fields` what was only shown, and nobody has changed.

        The names, in lower case, of those that somebody has taken out.
        """
        gone, own, shown = set(), self.own, self.shown
        several = set()
        for name, value in shown.items():
            left = fields.get(name)
            if left is None:
                gone.add(name.lower())
            elif len(shown.getall(name)) > 1 or len(fields.getall(name)) > 1:
                several.add(name)
            elif left == value and own.get(name) != value:
                self._restore(name, fields)
        for name in several:
            if fields.getall(name, []) == shown.getall(name) != own.getall(name, []):
                self._restore(name, fields)
        return gone

    def _restore(self, name: str, fields: "CIMultiDict[str]") -> None:
        del fields[name]
        for value in self.own.getall(name, ()):
            fields.add(name, value)

    def is_shown(self, name: str) -> bool:
        """Whether the field is none of the response's own."""
        return self.shown.getall(name, []) != self.own.getall(name, [])

    def drop_changed(self, cookies: "SimpleCookie", fields: "CIMultiDict[str]") -> None:
        """Drop of the `cookies` those that were shown, where somebody has changed their fields."""
        shown = self.shown.getall(hdrs.SET_COOKIE, [])
        if fields.getall(hdrs.SET_COOKIE, []) == shown:
            return
        for name, morsel in list(cookies.items()):
            if morsel.OutputString() in shown:
                del cookies[name]


def withheld(gone: "set[str]") -> "set[str]":
    """Of the names of fields that were taken out those that are not to be sent."""
    return gone - _APART
