"""What may be sent besides whole messages: payloads of control frames, and fragments.

Engines and the verbs that do without one check alike.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Final, Literal

from ..errors import LocalProtocolError
from .messages import WSMsgType

# RFC 6455 5.5
_MAX_CONTROL: Final = 125

WSFragment = str | bytes | bytearray | memoryview
FragmentKind = Literal[WSMsgType.TEXT, WSMsgType.BINARY]


def control_payload(message: WSFragment) -> bytes:
    """The payload of a ping or a pong.

    TypeError for what is neither str nor bytes-like, LocalProtocolError for more than 125 bytes
    (RFC 6455 5.5).
    """
    if not isinstance(message, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"pings and pongs carry str or bytes, not {type(message).__name__}")
    payload = message.encode() if isinstance(message, str) else bytes(message)
    if len(payload) > _MAX_CONTROL:
        raise LocalProtocolError(
            f"a control frame carries at most {_MAX_CONTROL} bytes, not {len(payload)} "
            "(RFC 6455 5.5)"
        )
    return payload


async def each_fragment(
    fragments: Iterable[WSFragment] | AsyncIterable[WSFragment],
) -> AsyncIterator[WSFragment]:
    """What send_fragments() was given, piece by piece.

    TypeError for a whole message: it can be iterated over, too, but nobody means its letters; and
    for what is no iterable.
    """
    if isinstance(fragments, (str, bytes, bytearray, memoryview)):
        verb = "send_str" if isinstance(fragments, str) else "send_bytes"
        raise TypeError(
            f"send_fragments() takes an iterable of pieces, not {type(fragments).__name__}; "
            f"{verb}() sends a message whole"
        )
    if isinstance(fragments, AsyncIterable):
        async for fragment in fragments:
            yield fragment
    elif not isinstance(fragments, Iterable):
        raise TypeError(
            f"send_fragments() takes an iterable of pieces, not {type(fragments).__name__}"
        )
    else:
        for fragment in fragments:
            yield fragment


def checked_fragment(fragment: WSFragment, kind: FragmentKind | None) -> tuple[FragmentKind, bytes]:
    """The message's kind, by its fragment, and the fragment's payload.

    `kind` is that of the first fragment, None where this is it. TypeError for what is neither str
    nor bytes-like, and for one of another kind.
    """
    found: FragmentKind
    if isinstance(fragment, str):
        found, payload = WSMsgType.TEXT, fragment.encode()
    elif isinstance(fragment, (bytes, bytearray, memoryview)):
        found, payload = WSMsgType.BINARY, bytes(fragment)
    else:
        raise TypeError(f"fragments are str or bytes, not {type(fragment).__name__}")
    if kind is not None and kind is not found:
        raise TypeError("all fragments of a message are str, or all are bytes")
    return found, payload
