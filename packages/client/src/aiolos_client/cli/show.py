"""What is shown of an answer: all of it on a terminal, the body alone in a pipe."""

import json
import re
import sys
from contextlib import suppress
from typing import BinaryIO, Final, TextIO

from aiolos_protocol.fields.content_type import parse_content_type

from ..response import ClientResponse

# Control characters of a stranger's text must not reach the terminal: they could rewrite it. So
# could what turns the direction of writing (Unicode UAX 9).
_TURNING: Final = (0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_VISIBLE: Final = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: "\u2421",
    **dict.fromkeys([*range(128, 160), *_TURNING], "�"),
    # Bytes that are no text, and halves of characters.
    **dict.fromkeys(range(0xD800, 0xE000), "�"),
}


# RFC 8259 2: a string, a sign, a number or a name.
_PART: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
_OPEN: Final = frozenset("[{")
_CLOSE: Final = frozenset("]}")
# Indentation is for people, and no way to make gigabytes of a few kilobytes: it may be this many
# times as long as the text, and this many characters in any case.
_INDENT_RATIO: Final = 16
_INDENT_LEAST: Final = 65_536


def head(response: ClientResponse, out: TextIO) -> None:
    """The status line and the fields."""
    version = ".".join(map(str, response.version))
    lines = [f"HTTP/{version} {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    print(_visible("\n".join(lines), out), end="\n\n", file=out)


def on_terminal(response: ClientResponse, body: bytes, out: TextIO) -> None:
    """The body as text, JSON indented in its order; of what is no text its size is told."""
    if not body:
        return
    try:
        text = body.decode(response.get_encoding())
    except UnicodeDecodeError:
        print(f"[{len(body):,} bytes that are no text; -o FILE or | keep them]", file=out)
        return
    if parse_content_type(response.headers.get("Content-Type")).is_json:
        # What is no JSON after all, or deeper than can be parsed or shown, is shown as it is.
        with suppress(ValueError, RecursionError):
            text = _indented(text)
    print(_visible(text.replace("\r\n", "\n"), out).rstrip("\n"), file=out)


async def into_pipe(response: ClientResponse, out: BinaryIO) -> None:
    """The body's bytes as they come."""
    async for piece in response.content.iter_any():
        out.write(piece)
        out.flush()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether people look at `stream`; Python has None for one that is closed (`>&-`)."""
    return stream is not None and stream.isatty()


def complain(message: str) -> None:
    """One line about what went wrong, where it can be told."""
    if sys.stderr is None:
        # print() would take the standard output instead.
        return
    print(_visible(f"aiolos_client: {message}", sys.stderr), file=sys.stderr)


def _indented(text: str) -> str:
    """JSON, with its names and numbers as they stand there: a name that is there twice is shown
    twice. Raises ValueError, and RecursionError, for what is none, or would be mostly blanks."""
    json.loads(text)
    parts = _PART.findall(text)
    shown: list[str] = []
    depth = 0
    room = max(_INDENT_LEAST, _INDENT_RATIO * len(text))

    def new_line() -> None:
        nonlocal room
        room -= 2 * depth
        if room < 0:
            raise ValueError("it is nested too deep to be indented")
        shown.append("\n" + "  " * depth)

    for at, part in enumerate(parts):
        if part in _CLOSE and parts[at - 1] not in _OPEN:
            depth -= 1
            new_line()
        if part[0] == '"':
            part = json.dumps(json.loads(part), ensure_ascii=False)
        shown.append(part)
        if part == ":":
            shown.append(" ")
        elif part == "," or (part in _OPEN and parts[at + 1] not in _CLOSE):
            depth += part in _OPEN
            new_line()
    return "".join(shown)


def _visible(text: str, out: TextIO) -> str:
    """`text` as `out` can show it, whatever it is encoded in."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    return text.translate(_VISIBLE).encode(encoding, "backslashreplace").decode(encoding)
