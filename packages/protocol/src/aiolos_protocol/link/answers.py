"""What a server's head says in every version of HTTP; how a body is framed is the version's own."""

from typing import TYPE_CHECKING

from multidict import CIMultiDict

from ..errors import LocalProtocolError, NoTunnel

if TYPE_CHECKING:
    from ..message import RequestHead, ResponseHead


def check_end(head: "RequestHead", status: int) -> None:
    """Raise LocalProtocolError where `status` is no complete answer to `head`."""
    if status < 200 or opens_tunnel(head, status):
        kind = LocalProtocolError if status < 200 else NoTunnel
        raise kind(
            f"{status} to {head.method} does not end an exchange; send it by send_head() "
            "(RFC 9110 9.3.6, 15.2)"
        )


def check_informational(response: "ResponseHead") -> None:
    """Raise LocalProtocolError where a 1xx head speaks of a body (RFC 9110 8.6)."""
    fields = response.fields
    if "Content-Length" in fields or "Transfer-Encoding" in fields:
        raise LocalProtocolError(f"a {response.status} has no body to frame (RFC 9110 8.6)")


def fields_of_answer(
    head: "RequestHead", status: int, content_type: str, headers: "CIMultiDict[str] | None"
) -> "CIMultiDict[str]":
    """The fields of a complete answer; a Content-Length that is left in them is the body's."""
    fields: CIMultiDict[str] = CIMultiDict() if headers is None else headers.copy()
    if content_type and "Content-Type" not in fields:
        fields["Content-Type"] = content_type
    if status == 204 or (head.method != "HEAD" and status != 304):
        # RFC 9110 8.6: only there may it differ from what is sent, and never in a 204.
        fields.pop("Content-Length", None)
    return fields


def fields_of_head(response: "ResponseHead") -> "CIMultiDict[str]":
    """The fields of a head whose body follows: its length stands in `response.length`."""
    fields = response.fields.copy()
    if response.status != 304:
        fields.pop("Content-Length", None)
    return fields


def tells_length(head: "RequestHead", response: "ResponseHead") -> bool:
    """Whether `response.length` is told in the head.

    Where HEAD is answered without a body nobody knows what GET would get, unless Content-Length
    among the fields says so (RFC 9110 8.6).
    """
    length = response.length
    if length == 0 and head.method == "HEAD":
        return "Content-Length" in response.fields
    return length >= 0


def opens_tunnel(head: "RequestHead", status: int) -> bool:
    """Whether `status` leaves HTTP behind: no body follows it (RFC 9110 9.3.6)."""
    return head.method == "CONNECT" and 200 <= status < 300


def take_connection(fields: "CIMultiDict[str]") -> str:
    """Take Connection, which is the link's own, out of `fields`; what it said, in lower case."""
    connection = fields.pop("Connection", None)
    return "" if connection is None else connection.lower()


def no_longer_read() -> LocalProtocolError:
    """What whoever still reads the body of a request that is answered gets."""
    return LocalProtocolError("the response is out: what is left of the body is thrown away")
