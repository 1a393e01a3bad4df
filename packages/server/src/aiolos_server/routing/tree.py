"""The tree in which paths with variables are found: items that have an `order`.

A request sees only the branches that its own segments lead into, so that neither many resources
nor one prefix common to them all cost it anything.
"""

from collections.abc import Iterator
from typing import Any

from .pattern import Head


class Branch:
    """What follows one segment.

    `literals` leads on by a segment's whole text, `variable` by any, `heads` by how it begins,
    for segments that hold variables behind some text; `lengths` are those of the heads,
    ascending. Where this is what such a segment or a variable one leads to, `tails` leads on by
    how it ends, with `tail_lengths`. `ends` hang where the path ends here, `others` whatever
    follows.
    """

    __slots__ = (
        "ends",
        "heads",
        "lengths",
        "literals",
        "others",
        "tail_lengths",
        "tails",
        "variable",
    )

    def __init__(self) -> None:
        self.literals: dict[str, Branch] = {}
        self.variable: "Branch | None" = None
        self.heads: dict[str, Branch] = {}
        self.lengths: list[int] = []
        self.tails: dict[str, Branch] = {}
        self.tail_lengths: list[int] = []
        self.ends: list[Any] = []
        self.others: list[Any] = []

    def add(self, segments: "list[str]", whole: bool, item: Any) -> None:
        """Hang `item` below `segments`; see PathPattern.ways()."""
        branch = self
        for segment in segments:
            branch = branch._longer(segment)
        (branch.ends if whole else branch.others).append(item)

    def _longer(self, segment: str) -> "Branch":
        if not isinstance(segment, Head):
            return self.literals.setdefault(segment, Branch())
        if segment:
            self.lengths = sorted({*self.lengths, len(segment)})
            return self.heads.setdefault(str(segment), Branch()).ending(segment.end)
        if self.variable is None:
            self.variable = Branch()
        return self.variable.ending(segment.end)

    def ending(self, end: str) -> "Branch":
        """The branch for the segments that lead here and have this end, "" for any."""
        if not end:
            return self
        self.tail_lengths = sorted({*self.tail_lengths, len(end)})
        return self.tails.setdefault(end, Branch())

    def collect(self, segments: "list[str]", position: int, found: "list[Any]") -> None:
        """Append to `found` what `segments[position:]` may lead to, in no order."""
        if self.others:
            found.extend(self.others)
        if position == len(segments):
            if self.ends:
                found.extend(self.ends)
            return
        segment = segments[position]
        position += 1
        if self.literals:
            literal = self.literals.get(segment)
            if literal is not None:
                literal.collect(segments, position, found)
        if self.variable is not None:
            self.variable.collect_by_end(segment, 0, segments, position, found)
        for length in self.lengths:
            if length > len(segment):
                break
            branch = self.heads.get(segment[:length])
            if branch is not None:
                branch.collect_by_end(segment, length, segments, position, found)

    def collect_by_end(
        self,
        segment: str,
        begun: int,
        segments: "list[str]",
        position: int,
        found: "list[Any]",
    ) -> None:
        """collect() behind `segment`, of which `begun` characters have led here, however it ends
        and as it ends."""
        self.collect(segments, position, found)
        for length in self.tail_lengths:
            if begun + length > len(segment):
                break
            branch = self.tails.get(segment[len(segment) - length :])
            if branch is not None:
                branch.collect(segments, position, found)


class PathTree:
    """Items by path: the longest literal prefix wins, then the order of registration."""

    __slots__ = ("_deepest", "_prefixes")

    def __init__(self) -> None:
        # A literal prefix, and what begins to vary behind it.
        self._prefixes: dict[str, Branch] = {}
        # How many segments the longest prefix has.
        self._deepest = 0

    def add(self, segments: "list[str]", whole: bool, item: Any) -> None:
        """Hang `item` below `segments`; see PathPattern.ways()."""
        literals = list(_literals(segments))
        self._deepest = max(self._deepest, len(literals))
        branch = self._prefixes.setdefault("/".join(literals), Branch())
        branch.add(segments[len(literals) :], whole, item)

    def candidates(self, segments: "list[str]", length: int) -> "tuple[list[Any], int]":
        """The items behind the longest literal prefix, of at most `length` segments, with any.

        They may fit and have yet to be matched, the best first. Also how many segments the prefix
        has; no items and 0 where there are none.
        """
        # A path's own segments do not count: a long one costs no more than a short one.
        length = min(length, self._deepest)
        prefix = "/".join(segments[:length])
        while length:
            branch = self._prefixes.get(prefix)
            if branch is not None:
                found: list[Any] = []
                branch.collect(segments, length, found)
                if found:
                    if len(found) > 1:
                        found.sort(key=_order)
                    return found, length
            length -= 1
            prefix = prefix.rpartition("/")[0]
        return [], 0

    def at(self, prefix: str, segments: "list[str]") -> "list[Any]":
        """Those that vary behind exactly the literal `prefix` and that `segments` may lead to."""
        found: list[Any] = []
        branch = self._prefixes.get(prefix)
        if branch is not None:
            branch.collect(segments, prefix.count("/") + 1, found)
        return found


def _literals(segments: "list[str]") -> Iterator[str]:
    """The leading segments without variables, but for an empty last one.

    A trailing slash makes no longer prefix: "/x/" and "/x/{y}" are equally good for "/x/".
    """
    for index, segment in enumerate(segments):
        if isinstance(segment, Head) or (index and not segment and index == len(segments) - 1):
            return
        yield segment


def _order(item: Any) -> int:
    order: int = item.order
    return order
