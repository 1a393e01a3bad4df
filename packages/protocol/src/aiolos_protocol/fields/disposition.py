"""Content-Disposition: RFC 6266 in messages, RFC 7578 in forms, with RFC 8187 and RFC 2231.

Forms are written as every browser writes them (WHATWG HTML, "multipart/form-data encoding
algorithm"): names in UTF-8, the quote, CR and LF percent-encoded. Only the backslash, which
browsers leave alone, is doubled: servers take it for an escape, and at the end it would hide the
quote.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

from ..grammar import TOKEN
from .syntax import check_text, is_token, parameters, quoted, split

# What ends a quoted string, or may not be in it (RFC 9110 5.6.4).
_SPECIAL: Final = re.compile(rb'["\x00-\x08\x0a-\x1f\x7f]')
# RFC 8187 3.2.1:  attr-char = ALPHA / DIGIT / "!" / "#" / "$" / "&" / "+" / "-" / "." / "^" / ...
_ATTR_CHAR: Final = "!#$&+-.^_`|~"
_EXTENDED: Final = re.compile(r"([A-Za-z0-9!#$%&+\-^_`{}~]+)'[A-Za-z0-9-]*'(.*)", re.DOTALL)
_CONTINUATION: Final = re.compile(r"(.+?)\*(0|[1-9][0-9]?)(\*?)", re.DOTALL)
_ESCAPED: Final = re.compile(r'\\(["\\])')
_FORM_ESCAPE: Final = re.compile("%(22|0[AaDd])")
_FORM_ESCAPES: Final = {"22": '"', "0A": "\n", "0D": "\r"}
_TO_FORM: Final = {ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A", ord("\\"): "\\\\"}
_SEPARATOR: Final = re.compile(r"[/\\]")
_UNFIT: Final = re.compile(r"[^\x20-\x7e]")


class Disposition(NamedTuple):
    """`type` in lower case ("attachment", "inline", "form-data") and `parameters`.

    The parameters are decoded: `filename*`, and `filename*0`, `filename*1*` and so on, are found
    as `filename`, and outrank a plain one (RFC 6266 4.3).
    """

    type: str
    parameters: Mapping[str, str] = MappingProxyType({})

    @property
    def filename(self) -> str | None:
        """The file's name as the peer gave it, which may hold a path: never open it unseen."""
        return self.parameters.get("filename")

    @property
    def basename(self) -> str | None:
        """What follows the last "/" or "\\" of the file's name (RFC 6266 4.3); None for none."""
        return _SEPARATOR.split(self.filename)[-1] or None if self.filename else None

    @property
    def name(self) -> str | None:
        """The form field's name (RFC 7578 4.2)."""
        return self.parameters.get("name")


def parse_disposition(value: str | None) -> Disposition | None:
    """What a Content-Disposition field says; None for None and for what names no type.

    A broken parameter is left out, of repeated ones the first counts. In quoted strings a
    backslash escapes only a quote or a backslash, so that names with DOS paths survive; in
    form-data `%22`, `%0D` and `%0A` stand for what they encode, and so does all percent-encoding
    where it encodes UTF-8 beyond ASCII (RFC 7578 2). Linear in the length of `value`.
    """
    if not value:
        return None
    pieces = split(value, ";")
    kind = pieces[0].lower() if pieces else ""
    if not is_token(kind):
        return None
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    continued: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, text in parameters(pieces[1:], _pairs):
        section = _CONTINUATION.fullmatch(name) if "*" in name else None
        if section is not None:
            sections = continued.setdefault(section[1], {})
            sections.setdefault(int(section[2]), (text, bool(section[3])))
        elif name.endswith("*"):
            decoded = decode_extended(text)
            if decoded is not None:
                extended.setdefault(name[:-1], decoded)
        else:
            plain.setdefault(name, text)
    if kind == "form-data":
        plain = {name: _form_value(text) if "%" in text else text for name, text in plain.items()}
    for name, sections in continued.items():
        joined = join_sections(sections)
        if joined is not None:
            extended.setdefault(name, joined)
    return Disposition(kind, plain | extended)


def decode_extended(value: str) -> str | None:
    """An ext-value (RFC 8187 3.2): charset'language'percent-encoded; None where it is none,
    or names a charset other than UTF-8, ISO-8859-1 or US-ASCII."""
    match = _EXTENDED.fullmatch(value)
    return None if match is None else _decode(unquote_to_bytes(match[2]), match[1])


def encode_extended(value: str) -> str:
    """`value` as an ext-value in UTF-8 (RFC 8187 3.2)."""
    return "UTF-8''" + quote(value, safe=_ATTR_CHAR, errors="replace")


def format_disposition(
    type: str, parameters: Mapping[str, str], *, quote_fields: bool = True, charset: str = "utf-8"
) -> str:
    """A Content-Disposition field.

    For "form-data", values are quoted strings in `charset`; `quote_fields` percent-encodes
    quotes and line ends as browsers do, and without it quotes get a backslash and line ends
    raise. For all other types a value outside ASCII is sent as `name*` (RFC 8187), and a file's
    name as ASCII beside it for old readers. Raises ValueError for a type or a name that is no
    token, for control characters, and for a charset that is no extension of ASCII.
    """
    if not is_token(type):
        raise ValueError(f"{type!r:.80} is not a disposition type (RFC 6266 4.1)")
    written = [type]
    for name, value in parameters.items():
        if TOKEN.fullmatch(name) is None:
            raise ValueError(f"{name!r:.80} is not a parameter name (RFC 9110 5.6.6)")
        if type.lower() == "form-data":
            text = _browser_quoted(value) if quote_fields else quoted(value)
            written.append(f"{name}={_in_charset(text, charset)}")
        elif value.isascii():
            written.append(f"{name}={quoted(value)}")
        else:
            if name == "filename":
                fallback = _UNFIT.sub("_", check_text(value))
                written.append(f"filename={quoted(fallback)}")
            written.append(f"{name}*={encode_extended(value)}")
    return "; ".join(written)


def _browser_quoted(value: str) -> str:
    return f'"{check_text(value.translate(_TO_FORM))}"'


def _in_charset(text: str, charset: str) -> str:
    """Heads are sent as UTF-8 with surrogates for foreign bytes; so any charset gets through."""
    if text.isascii():
        return text
    octets = text.encode(charset, "replace")
    # HZ and its like write letters as quotes and line ends: another field could be made of a name.
    if not octets.endswith(b'"') or _SPECIAL.findall(octets) != _SPECIAL.findall(text.encode()):
        raise ValueError(
            f"the charset {charset} does not hold ASCII as it is, which the head of a form's part"
            " is made of; leave charset out (utf-8)"
        )
    return octets.decode("utf-8", "surrogateescape")


def _pairs(inside: str) -> str:
    return _ESCAPED.sub(r"\1", inside)


def _form_value(text: str) -> str:
    """Percent-encoding as in RFC 7578 2 where it stands for more than ASCII, else as browsers
    write it: there a percent sign in front of anything else is just that."""
    if text.isascii():
        raw = unquote_to_bytes(text)
        if not raw.isascii():
            try:
                return raw.decode()
            except UnicodeDecodeError:
                pass
    return _FORM_ESCAPE.sub(_unescape, text)


def _unescape(match: "re.Match[str]") -> str:
    return _FORM_ESCAPES[match[1].upper()]


def join_sections(sections: Mapping[int, tuple[str, bool]]) -> str | None:
    """One value of its numbered sections, `(text, whether it is percent-encoded)`, up to the
    first gap; the first section may name the charset (RFC 2231 3, 4.1). None without it."""
    if 0 not in sections:
        return None
    charset = "utf-8"
    raw = []
    for number in range(len(sections)):
        if number not in sections:
            break
        text, encoded = sections[number]
        if encoded and number == 0:
            match = _EXTENDED.fullmatch(text)
            if match is None:
                return None
            charset, text = match[1], match[2]
        if encoded:
            raw.append(unquote_to_bytes(text))
        else:
            raw.append(text.encode("utf-8", "surrogateescape"))
    return _decode(b"".join(raw), charset)


def _decode(raw: bytes, charset: str) -> str | None:
    if charset.lower() not in ("utf-8", "iso-8859-1", "us-ascii"):
        return None
    try:
        return raw.decode(charset)
    except UnicodeDecodeError:
        return None
