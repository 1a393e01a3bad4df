"""What can be read of a request line that is refused, for whoever keeps a log."""

import re
from typing import Final

from ..message import HttpVersion, HttpVersion10, RequestHead

# Of a line that has no end, or none in sight, so much is looked at.
MOST: Final = 2048

# RFC 9112 3: request-line = method SP request-target SP HTTP-version; each as far as it goes. What
# is not followed by anything may not be all of itself.
_LINE: Final = re.compile(
    rb"(?P<method>[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) (?:(?P<target>/[!-~\x80-\xff]*+)(?= |\r?$)"
    rb"(?: HTTP/(?P<major>[0-9])\.(?P<minor>[0-9])\r?$)?)?"
)


def legible(data: bytes) -> RequestHead:
    """A head without fields for the request that begins `data`.

    What is missing, or is none, is "UNKNOWN" for a method, "/" for a target, and HTTP/1.0.
    """
    line, end, _ = data[:MOST].partition(b"\n")
    found = _LINE.match(line if end else line + b"\0")
    if found is None:
        return RequestHead("UNKNOWN", "/", HttpVersion10)
    target, major = found["target"], found["major"]
    return RequestHead(
        found["method"].decode("ascii"),
        "/" if target is None else target.decode("latin-1"),
        HttpVersion10 if major is None else HttpVersion(int(major), int(found["minor"])),
    )
