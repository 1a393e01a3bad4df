"""Negotiating permessage-deflate (RFC 6455 9, RFC 7692 5 and 7.1): its four parameters.

`server_no_context_takeover` and `client_no_context_takeover` oblige that end to begin each message
with an empty window; `server_max_window_bits` and `client_max_window_bits` bound its window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiolos_protocol.errors import UpgradeRefused
from aiolos_protocol.grammar import is_token

NAME: Final = "permessage-deflate"
LARGEST: Final = 15

_SERVER_TAKEOVER: Final = "server_no_context_takeover"
_CLIENT_TAKEOVER: Final = "client_no_context_takeover"
_SERVER_WINDOW: Final = "server_max_window_bits"
_CLIENT_WINDOW: Final = "client_max_window_bits"
_FLAGS: Final = frozenset({_SERVER_TAKEOVER, _CLIENT_TAKEOVER})
_WINDOWS: Final = frozenset({_SERVER_WINDOW, _CLIENT_WINDOW})

# RFC 7692 7.1.2: a decimal number from 8 to 15, without leading zeros.
_BITS: Final = {str(bits): bits for bits in range(8, LARGEST + 1)}

Parameters = list[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Compression:
    """What was agreed: each end's window as a power of two (8 to 15), and whether it is kept
    from one message to the next."""

    server_window: int = LARGEST
    client_window: int = LARGEST
    server_takeover: bool = True
    client_takeover: bool = True


def parse(fields: Sequence[str]) -> list[tuple[str, Parameters]]:
    """The extensions that Sec-WebSocket-Extensions fields name, in order (RFC 6455 9.1).

    Raises UpgradeRefused for what is no such list.
    """
    found = []
    for element in ",".join(fields).split(","):
        name, *rest = (part.strip(" \t") for part in element.split(";"))
        if not name and not rest:
            # RFC 9110 5.6.1: empty elements of a list are to be ignored.
            continue
        parameters: Parameters = []
        for part in rest:
            key, equals, value = (piece.strip(" \t") for piece in part.partition("="))
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            if not _is_token(key) or (equals and not _is_token(value)):
                raise UpgradeRefused(f"not a list of extensions (RFC 6455 9.1): {element!r:.80}")
            parameters.append((key, value if equals else None))
        if not _is_token(name):
            raise UpgradeRefused(f"not a list of extensions (RFC 6455 9.1): {element!r:.80}")
        found.append((name, parameters))
    return found


def offer(window: int, takeover: bool = True) -> str:
    """The field with which a client asks for compression; `window` for both directions.

    A server that cannot bound its own window may still compress: the second offer is for it.
    """
    flags = [] if takeover else [_SERVER_TAKEOVER, _CLIENT_TAKEOVER]
    if window == LARGEST:
        return "; ".join([NAME, *flags, _CLIENT_WINDOW])
    bounded = [f"{_SERVER_WINDOW}={window}", f"{_CLIENT_WINDOW}={window}"]
    return "; ".join([NAME, *flags, *bounded]) + ", " + "; ".join([NAME, *flags, bounded[1]])


def answer(
    offers: Sequence[tuple[str, Parameters]], window: int, takeover: bool = True
) -> tuple[Compression, str] | None:
    """A server's choice among `offers`: the first that it can meet, and the field that says so.

    `window` bounds both directions. Where the client cannot be bound, its window is 15, but it must
    not keep it, so that we need not either.
    """
    for name, parameters in offers:
        if name != NAME:
            continue
        asked = _read(parameters)
        if asked is None:
            continue
        parts = [NAME]
        server_takeover = takeover and _SERVER_TAKEOVER not in asked
        bound = window == LARGEST or _CLIENT_WINDOW in asked
        client_takeover = takeover and bound and _CLIENT_TAKEOVER not in asked
        if not server_takeover:
            parts.append(_SERVER_TAKEOVER)
        if not client_takeover:
            parts.append(_CLIENT_TAKEOVER)
        server_window = min(window, asked.get(_SERVER_WINDOW, LARGEST))
        if _SERVER_WINDOW in asked:
            parts.append(f"{_SERVER_WINDOW}={server_window}")
        client_window = LARGEST
        if _CLIENT_WINDOW in asked:
            client_window = min(window, asked[_CLIENT_WINDOW])
            parts.append(f"{_CLIENT_WINDOW}={client_window}")
        agreed = Compression(server_window, client_window, server_takeover, client_takeover)
        return agreed, "; ".join(parts)
    return None


def confirm(
    answered: Sequence[tuple[str, Parameters]], window: int, takeover: bool = True
) -> Compression | None:
    """What a client takes the server's answer for; None where no extension was chosen.

    Raises UpgradeRefused for an extension or a parameter that was not offered (RFC 7692 7.1).
    """
    if not answered:
        return None
    if len(answered) > 1 or answered[0][0] != NAME or not window:
        names = ", ".join(name for name, _ in answered)
        raise UpgradeRefused(f"the server chose extensions that were not offered so: {names:.80}")
    chosen = _read(answered[0][1], offered=False)
    if chosen is None:
        raise UpgradeRefused(
            f"the server answers {NAME} with parameters that there are not, or twice (RFC 7692 7.1)"
        )
    server_window = chosen.get(_SERVER_WINDOW, LARGEST)
    client_window = chosen.get(_CLIENT_WINDOW, LARGEST)
    if not takeover and _SERVER_TAKEOVER not in chosen:
        raise UpgradeRefused(f"the server ignores {_SERVER_TAKEOVER} (RFC 7692 7.1.1.1)")
    return Compression(
        server_window,
        min(window, client_window),
        _SERVER_TAKEOVER not in chosen,
        takeover and _CLIENT_TAKEOVER not in chosen,
    )


def _read(parameters: Parameters, offered: bool = True) -> dict[str, int] | None:
    """The parameters as numbers, None where one is unknown, has no such value, or comes twice."""
    read: dict[str, int] = {}
    for key, value in parameters:
        if key in read:
            return None
        if key in _FLAGS:
            if value is not None:
                return None
            read[key] = 1
        elif key in _WINDOWS:
            if value is None and key == _CLIENT_WINDOW and offered:
                read[key] = LARGEST
            elif value in _BITS:
                read[key] = _BITS[value]
            else:
                return None
        else:
            return None
    return read


def _is_token(text: str) -> bool:
    return text.isascii() and is_token(text.encode("ascii"))
