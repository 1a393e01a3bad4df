"""One field of a header block: what the tables of HPACK hold and a decoded block lists."""

UNJUDGED = -1


class Field:
    """A field line as it came, and what was found out about it.

    `size` is its size as RFC 7541 4.1 counts it. The rest belongs to whoever reads the block
    (`heads`) and is kept with the field, because a table hands out the same field again and
    again: `kind` (UNJUDGED at first), `line` as a head keeps it, `text` where it is wanted as str.
    """

    __slots__ = ("kind", "line", "name", "size", "text", "value")

    def __init__(self, name: bytes, value: bytes) -> None:
        self.name = name
        self.value = value
        self.size = len(name) + len(value) + 32
        self.kind = UNJUDGED
        self.line: bytes = b""
        self.text = ""

    def __repr__(self) -> str:
        return f"<Field {self.name!r}: {self.value!r}>"
