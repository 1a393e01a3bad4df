"""What has arrived of a body and has not been read: pieces, and where chunks end."""

from bisect import bisect_left
from typing import Final

# Pieces that have been read are cleared away so many at once.
_SWEEP: Final = 64


class Unread:
    """Bytes in order, appended in pieces and taken from the front; linear, whatever the sizes.

    `total_bytes` counts what was appended. A subclass calls _begin() and has _taken().
    """

    __slots__ = ("_chunks", "_first", "_offset", "_size", "_split", "_splits", "total_bytes")

    def _begin(self) -> None:
        """Nothing has arrived. Not __init__(), which compiled code would call as Python does."""
        # Unread is what follows the byte `_offset` of the piece `_first`: `_size` bytes.
        self._chunks: list[bytes] = []
        self._first = 0
        self._offset = 0
        self._size = 0
        # Where chunks of a chunked body end, counted as total_bytes; from `_split` on not told.
        # None for a body that is not chunked.
        self._splits: list[int] | None = None
        self._split = 0
        self.total_bytes = 0

    def _taken(self, size: int) -> None:
        """`size` bytes have been taken: count them off `_size`."""
        raise NotImplementedError

    def _append(self, data: bytes) -> None:
        """`data` is not empty."""
        self._chunks.append(data)
        size = len(data)
        self._size += size
        self.total_bytes += size

    def _append_chunks(self, pieces: list[bytes], whole: bool) -> None:
        """See StreamReader.feed_chunks."""
        total = before = self.total_bytes
        splits = self._splits
        if splits is None:
            splits = self._splits = []
        for piece in pieces:
            total += len(piece)
            splits.append(total)
        if not whole:
            splits.pop()
        self._chunks += pieces
        self._size += total - before
        self.total_bytes = total

    def _insert(self, data: bytes) -> None:
        """Put `data`, which total_bytes counts already, in front."""
        self._sweep()
        self._chunks.insert(0, data)
        self._size += len(data)

    def _next_split(self) -> int:
        """How many unread bytes stand before the next end of a chunk that is not told, which it is
        now; -1 where there is none."""
        splits = self._splits
        if splits is None:
            return -1
        cursor = self.total_bytes - self._size
        place = bisect_left(splits, cursor, self._split)
        if place == len(splits):
            return -1
        self._split = place + 1
        return splits[place] - cursor

    def _find(self, separator: bytes, tail: bytes) -> int:
        """How many bytes of the first piece to take: up to the separator's end, or all.

        `tail` is what was taken last, too short to hold the separator.
        """
        first = self._chunks[self._first]
        start = self._offset
        if tail:
            overlap = len(separator) - 1
            found = (tail + first[start : start + overlap]).find(separator)
            if found >= 0:
                return found + len(separator) - len(tail)
        found = first.find(separator, start)
        return (found + len(separator) if found >= 0 else len(first)) - start

    def _take_to(self, size: int) -> bytes:
        """Exactly `size` bytes, all of which are here."""
        parts = []
        while size > 0:
            part = self._take(size)
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _take(self, n: int) -> bytes:
        """What is left of the first piece, at most `n` bytes."""
        if not self._size:
            return b""
        first = self._chunks[self._first]
        start = self._offset
        if len(first) - start > n:
            # An offset, not a shorter copy: reading a large piece in parts stays linear.
            self._offset = start + n
            data = first[start : start + n]
            self._taken(n)
            return data
        data = first[start:] if start else first
        self._chunks[self._first] = b""
        self._first += 1
        self._offset = 0
        self._taken(len(data))
        if self._first >= _SWEEP:
            self._sweep()
        return data

    def _sweep(self) -> None:
        """Forget what has been read, so that the unread begins with the first piece."""
        del self._chunks[: self._first]
        self._first = 0
        if self._offset:
            self._chunks[0] = self._chunks[0][self._offset :]
            self._offset = 0
        if self._splits:
            # One that ends right here is still to be told, if it was not.
            cursor = self.total_bytes - self._size
            del self._splits[: bisect_left(self._splits, cursor, self._split)]
            self._split = 0

    def _take_all(self) -> bytes:
        if self._first or self._offset:
            self._sweep()
        chunks = self._chunks
        if not chunks:
            return b""
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._taken(len(data))
        if self._splits:
            self._sweep()
        return data
