"""From what is said of a response to its head: how the body goes, and which fields say so."""

import warnings
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from aiolos_protocol import hdrs
from aiolos_protocol.exchange import Exchange
from aiolos_protocol.http1.serializer import may_have_body
from aiolos_protocol.limits import Limits
from aiolos_protocol.message import RequestHead, ResponseHead
from multidict import CIMultiDict, CIMultiDictProxy

from .announced import Announcement, Stamp, add_own, withheld
from .codings import ContentCoding, chosen_coding, describe_coding, worth_coding
from .described import Described


class Answerable(Protocol):
    """What a response asks of the request that it answers."""

    @property
    def head(self) -> RequestHead: ...
    @property
    def headers(self) -> "CIMultiDictProxy[str]": ...
    @property
    def exchange(self) -> Exchange: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def stamp(self) -> Stamp: ...
    def exceeded(self, limit: str, value: float) -> None:
        """Tell the operator that the request is refused for a limit."""

    async def preparing(self, response: Any) -> None:
        """Run what the application wants to run before a head is sent."""


class Composing(Described):
    """A response's head, as it is to be sent."""

    _exchange: "Exchange | None"
    _ended: bool
    _special: bool
    _sent_size: int

    # Defaults stand on the class: most responses never set them.
    _compression: "ContentCoding | bool" = False
    _strategy: int | None = None
    _trailers: "CIMultiDict[str] | None" = None
    _chunked: bool = False
    # Said of a body of which nothing is said: browsers guess otherwise, and may run what they
    # should save (RFC 9110 8.3). Empty where somebody else decides that.
    _default_type: str = "application/octet-stream"
    # What the connection adds to its head.
    stamp: Stamp = ("", b"")
    # Names of fields that a receiver of on_response_prepare has taken out.
    _withheld: "AbstractSet[str]" = frozenset()

    @property
    def body_length(self) -> int:
        """How many bytes of the body were sent, as far as they have been."""
        return self._sent_size

    @property
    def chunked(self) -> bool:
        """True behind enable_chunked_encoding()."""
        return self._chunked

    def enable_chunked_encoding(self, chunk_size: int | None = None) -> None:
        """Send a body of unknown length; the connection frames it as its version demands.

        RuntimeError where Content-Length is set. `chunk_size` has no effect, and is deprecated.
        """
        if chunk_size is not None:
            warnings.warn(
                "chunk_size has no effect: each write() is a chunk of its own; leave it out",
                DeprecationWarning,
                stacklevel=2,
            )
        if self._headers is not None and hdrs.CONTENT_LENGTH in self._headers:
            announced = self._announced
            if announced is None or not announced.is_shown(hdrs.CONTENT_LENGTH):
                raise RuntimeError("a body whose content_length is set is not sent in chunks")
            del self._headers[hdrs.CONTENT_LENGTH]
        self._chunked = True
        self._length = -1

    @property
    def compression(self) -> bool:
        """True behind enable_compression()."""
        return self._compression is not False

    def enable_compression(
        self, force: "ContentCoding | bool | None" = None, strategy: int | None = None
    ) -> None:
        """Send the body in the coding that the client prefers, or in `force`.

        Does nothing where Content-Encoding is set, or the client takes none that is available.
        `strategy` is zlib's, for gzip and deflate. A bool as `force` is deprecated.
        """
        if isinstance(force, bool):
            warnings.warn(
                "force is a coding, such as web.ContentCoding.gzip, not a bool",
                DeprecationWarning,
                stacklevel=2,
            )
            force = ContentCoding.deflate if force else ContentCoding.identity
        elif force is not None and not isinstance(force, ContentCoding):
            raise TypeError(f"force is a web.ContentCoding, not {force!r:.80}")
        self._compression = True if force is None else force
        self._strategy = strategy
        self._special = True

    @property
    def trailers(self) -> "CIMultiDict[str]":
        """Fields to be sent behind the body (RFC 9110 6.5); only behind one of unknown length."""
        trailers = self._trailers
        if trailers is None:
            trailers = self._trailers = CIMultiDict()
            self._special = True
        return trailers

    def auto_compress(self, request: Answerable) -> None:
        """enable_compression(), where Application(auto_compress=True) applies."""
        if not self.compression and worth_coding(
            request.headers, self.headers, self.content_length
        ):
            self.enable_compression()

    def _chosen_coding(self, request: Answerable) -> str | None:
        """The coding that the body is to be sent in; the headers say so afterwards."""
        wanted = self._compression
        if wanted is False or not may_have_body(self._status):
            return None
        headers = self.headers
        if hdrs.CONTENT_ENCODING in headers or hdrs.CONTENT_RANGE in headers:
            return None
        coding: str | None
        if isinstance(wanted, ContentCoding):
            coding = None if wanted is ContentCoding.identity else wanted.value
        else:
            coding = chosen_coding(request.headers.getall(hdrs.ACCEPT_ENCODING, []))
        describe_coding(headers, coding, wanted is True)
        return coding

    async def _prepare_body(self, request: Answerable, coding: str | None) -> None:
        """What is to be done with the body before the head can be composed."""
        if coding is not None:
            self._length = -1
            self.headers.pop(hdrs.CONTENT_LENGTH, None)

    def _composed(self) -> ResponseHead:
        headers = self.headers
        if headers.get(hdrs.TRANSFER_ENCODING, "").lower() == "chunked":
            # Handed on by whoever stands before another server; chunks are the connection's.
            del headers[hdrs.TRANSFER_ENCODING]
            self.enable_chunked_encoding()
        length = self._length
        if length < 0 and not self._chunked and hdrs.CONTENT_LENGTH in headers:
            length = int(headers[hdrs.CONTENT_LENGTH])
        if self._trailers and hdrs.TRAILER not in headers:
            headers[hdrs.TRAILER] = ", ".join(self._trailers)
        if self._default_type and length and may_have_body(self._status):
            headers.setdefault(hdrs.CONTENT_TYPE, self._default_type)
        for name in self._withheld:
            headers.popall(name, None)
        return ResponseHead(
            self._status,
            self.reason,
            headers=headers,
            length=length,
            keep_alive=self._keep_alive,
        )

    # For those who look at it.

    async def announce(self, request: Answerable) -> None:
        """Show in `headers` all that the head is going to say; heed() must follow."""
        if not request.head.keep_alive:
            self._keep_alive = False
        own, length, cookies = self.headers.copy(), self._length, self._cookies
        coding = self._chosen_coding(request)
        self.add_cookies()
        self._cookies = cookies
        await self._prepare_body(request, coding)
        fields = self.headers
        add_own(fields, request.head, self._composed(), request.stamp)
        self._announced = Announcement(own, fields.copy(), length, self._length)

    def heed(self) -> None:
        """Take back what announce() has shown; what was changed of it since is what is sent.

        The connection is the link's own matter: a body without Content-Length is sent in chunks,
        and the end of a connection is told.
        """
        announced, self._announced = self._announced, None
        assert announced is not None
        fields = self.headers
        if self._cookies:
            announced.drop_changed(self._cookies, fields)
        gone = announced.take_back(fields)
        if self._length == announced.shown_length:
            self._length = announced.length
        if "content-length" in gone:
            self._length = -1
            self._chunked = True
        if "content-encoding" in gone and announced.is_shown(hdrs.CONTENT_ENCODING):
            self._compression = False
        for name in (hdrs.DATE, hdrs.SERVER):
            if name.lower() in gone:
                # A connection leaves it out, then.
                fields[name] = ""
        self._withheld = withheld(gone)

    def sent_to(self, request: Answerable) -> "CIMultiDict[str]":
        """The fields with which this was sent to `request`."""
        if self._exchange is None and self._ended:
            # By one write, with all that the connection adds.
            head = request.head
            length = self.content_length if head.method == "HEAD" else self.body_length
            self._sent = (
                head,
                ResponseHead(
                    self._status,
                    headers=self.headers,
                    length=-1 if length is None else length,
                    keep_alive=self._keep_alive,
                ),
                request.stamp,
            )
        return self.headers
