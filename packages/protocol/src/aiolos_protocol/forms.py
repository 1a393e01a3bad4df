"""Forms: FormData to be sent, and urlencoded ones that were received."""

import io
import warnings
from collections import UserString
from collections.abc import (
    AsyncIterable,
    Collection,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Sequence,
    ValuesView,
)
from typing import Any, Final
from urllib.parse import urlencode

from multidict import MultiDict, MultiDictProxy

from . import hdrs
from .fields.disposition import format_disposition
from .fields.syntax import check_text
from .multipart import MultipartWriter
from .payload import BytesPayload, Payload, get_payload
from .payload.files import guess_filename
from .urlencoded import URLENCODED, parse_urlencoded

__all__ = ["URLENCODED", "FormData", "parse_urlencoded"]

# What str() would send without a word, though nobody means it.
_REFUSED: Final = (Collection, Iterator)
# What is a sequence, but also one text.
_TEXT: Final = (str, UserString)
_HOW: Final = (
    "a form is given as a mapping of names to values, as (name, value) pairs, or as open files; for"
    " a file's name or content type call add_field()"
)


class FormData:
    """A form to be sent; calling it gives the Payload.

    `fields` is a mapping, an iterable of `(name, value)` pairs and open files, or one open file.
    Text and numbers go out urlencoded; as soon as there is a file, bytes, another payload, or a
    content type, all goes out as multipart/form-data (`default_to_multipart`: always).
    `quote_fields` is as in fields.format_disposition(), `charset` that of the text (UTF-8).
    """

    def __init__(
        self,
        fields: Any = (),
        quote_fields: bool = True,
        charset: str | None = None,
        *,
        default_to_multipart: bool = False,
    ) -> None:
        self._fields: list[tuple[str, Any, Payload | None]] = []
        self._quote_fields = quote_fields
        self._charset = charset
        self._is_multipart = default_to_multipart
        # One for all calls: what is sent again is the same, byte for byte.
        self._boundary: str | None = None
        if isinstance(fields, Mapping):
            fields = fields.items()
        elif not isinstance(fields, Iterable) or isinstance(fields, (str, bytes, io.IOBase)):
            fields = (fields,)
        self.add_fields(*fields)

    @property
    def is_multipart(self) -> bool:
        """Whether it goes out as multipart/form-data."""
        return self._is_multipart

    def add_field(
        self,
        name: str,
        value: Any,
        *,
        content_type: str | None = None,
        filename: str | None = None,
        content_transfer_encoding: str | None = None,
    ) -> None:
        """Add a field, or one for each member of a list or other sequence of text and numbers;
        `content_type` and `filename` describe a file.

        `content_transfer_encoding` is deprecated, and has no effect but to make the form multipart
        (RFC 7578 4.7: a sender leaves that field out) and bytes a field without a name of a file.
        Raises TypeError for what cannot be the value of a field, such as a dict or None,
        ValueError for a control character in the name or in what describes a file.
        """
        _check_options(
            name=name,
            content_type="" if content_type is None else content_type,
            filename="" if filename is None else filename,
            content_transfer_encoding=(
                "" if content_transfer_encoding is None else content_transfer_encoding
            ),
        )
        if content_transfer_encoding is not None:
            warnings.warn(
                "content_transfer_encoding has no effect (RFC 7578 4.7): leave it out; a file, or "
                "a BytesPayload with a content_type, makes a form multipart",
                DeprecationWarning,
                stacklevel=2,
            )
        if _is_many(value):
            for each in value:
                if _is_many(each) or _is_file(each):
                    raise TypeError(
                        f"the list of the form field {name!r:.80} holds {type(each).__name__}, and "
                        f"not text or numbers alone; {_HOW}"
                    )
                self.add_field(name, each, content_type=content_type, filename=filename)
            return
        is_file = _is_file(value)
        if not is_file:
            _check_value(name, value)
        elif filename is None and content_transfer_encoding is None:
            filename = _filename_of(value, name)
        described = content_type or filename is not None or content_transfer_encoding
        part = self._part(name, value, content_type, filename) if is_file or described else None
        if part is not None:
            self._is_multipart = True
        self._fields.append((name, value, part))

    def add_fields(self, *fields: Any) -> None:
        """Add `(name, value)` pairs, open files (named by their own names), or multidicts.

        Raises TypeError for anything else.
        """
        for field in fields:
            if isinstance(field, io.IOBase):
                self.add_field(guess_filename(field, "unknown") or "unknown", field)
            elif isinstance(field, (MultiDict, MultiDictProxy)):
                self.add_fields(*field.items())
            elif isinstance(field, (list, tuple)) and len(field) == 2:
                self.add_field(*field)
            else:
                raise TypeError(f"{field!r:.80} is not a field of a form; {_HOW}")

    def __call__(self) -> Payload:
        """The form as a body to send."""
        return self._multipart() if self._is_multipart else self._urlencoded()

    def _urlencoded(self) -> Payload:
        charset = self._charset or "utf-8"
        content_type = URLENCODED
        if charset.lower() != "utf-8":
            content_type += f"; charset={charset}"
        pairs = [(name, _text_of(value)) for name, value, _ in self._fields]
        text = urlencode(pairs, encoding=charset)
        return BytesPayload(text.encode("ascii"), content_type=content_type)

    def _multipart(self) -> Payload:
        writer = MultipartWriter("form-data", self._boundary)
        self._boundary = writer.boundary
        for name, value, part in self._fields:
            writer.append_payload(part or self._part(name, value, None, None))
        return writer

    def _part(
        self, name: str, value: Any, content_type: str | None, filename: str | None
    ) -> Payload:
        if not _is_file(value):
            part = get_payload(_text_of(value), content_type=content_type, encoding=self._charset)
        elif isinstance(value, Payload):
            part = value
            if content_type is not None:
                part.headers[hdrs.CONTENT_TYPE] = content_type
        else:
            part = get_payload(value, content_type=content_type, filename=filename)
        part.headers[hdrs.CONTENT_DISPOSITION] = format_disposition(
            "form-data",
            {"name": name} if filename is None else {"name": name, "filename": filename},
            quote_fields=self._quote_fields,
            charset=self._charset or "utf-8",
        )
        return part


def _is_many(value: Any) -> bool:
    """Whether a value stands for one field for each of its members, in their order."""
    if isinstance(value, (list, tuple)):
        return True
    if not isinstance(value, (Sequence, KeysView, ValuesView)):
        return False
    return not (isinstance(value, _TEXT) or _is_file(value))


def _is_file(value: Any) -> bool:
    """Whether a value goes out as it is, not as text."""
    if isinstance(value, (bytes, bytearray, memoryview, Payload, io.IOBase, AsyncIterable)):
        return True
    return callable(getattr(value, "read", None))


def _text_of(value: Any) -> str:
    """An enum that is a str is sent as that, though str() names its member."""
    return str.__str__(value) if isinstance(value, str) else str(value)


def _filename_of(value: Any, name: str) -> str | None:
    """A file goes by its own name, and what has none by that of its field, or it would be taken
    for text; a Payload says itself."""
    return value.filename if isinstance(value, Payload) else guess_filename(value, name)


def _check_options(**options: Any) -> None:
    for option, given in options.items():
        if not isinstance(given, str):
            raise TypeError(f"the {option} of a form field is str, not {given!r:.80}")
    for option in ("name", "filename", "content_type"):
        check_text(options[option])


def _check_value(name: str, value: Any) -> None:
    kind: Any = type(value)
    # `<object at 0x...>`
    nameless = kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__
    is_many = isinstance(value, _REFUSED) and not isinstance(value, _TEXT)
    if value is None or nameless or is_many:
        raise TypeError(
            f"the value of the form field {name!r:.80} is {type(value).__name__}, which has no"
            " form as text; give str, a number, bytes or an open file, json.dumps() it, or add"
            " one field for each of its members"
        )
