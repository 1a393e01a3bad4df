"""The tree in which paths with variables are found.

A request sees only the branches that its own segments lead into, so that neither many resources
nor one prefix common to them all cost it anything.
"""

from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from .pattern import Head


class Ordered(Protocol):
    """What hangs in a tree: of two that are equally good the lower `order` comes first."""

    @property
    def order(self) -> int: ...


_T = TypeVar("_T", bound=Ordered)


class Branch(Generic[_T]):
    """What follows one segment.

    `literals` leads on by a segment's whole text, `heads` by how it begins, for segments that
    hold variables; `lengths` are those of the heads, ascending. `ends` hang where the path ends
    here, `others` whatever follows.
    """

    __slots__ = ("ends", "heads", "lengths", "literals", "others")

    def __init__(self) -> None:
        self.literals: dict[str, Branch[_T]] = {}
        self.heads: dict[str, Branch[_T]] = {}
        self.lengths: list[int] = []
        self.ends: list[_T] = []
        self.others: list[_T] = []

    def add(self, segments: Sequence[str], whole: bool, item: _T) -> None:
        """Hang `item` below `segments`; see PathPattern.ways()."""
        branch = self
        for segment in segments:
            if not isinstance(segment, Head):
                branch = branch.literals.setdefault(segment, Branch())
                continue
            head = str(segment)
            if head not in branch.heads:
                branch.heads[head] = Branch()
                branch.lengths = sorted({*branch.lengths, len(head)})
            branch = branch.heads[head]
        (branch.ends if whole else branch.others).append(item)

    def collect(self, segments: Sequence[str], position: int, found: list[_T]) -> None:
        """Append to `found` what `segments[position:]` may lead to, in no order."""
        found.extend(self.others)
        if position == len(segments):
            found.extend(self.ends)
            return
        segment = segments[position]
        literal = self.literals.get(segment)
        if literal is not None:
            literal.collect(segments, position + 1, found)
        size = len(segment)
        for length in self.lengths:
            if length > size:
                break
            branch = self.heads.get(segment[:length])
            if branch is not None:
                branch.collect(segments, position + 1, found)


class _Prefix(Generic[_T]):
    """A literal prefix: those that are longer by a segment, and what begins to vary here."""

    __slots__ = ("longer", "varying")

    def __init__(self) -> None:
        self.longer: dict[str, _Prefix[_T]] = {}
        self.varying: Branch[_T] | None = None


class PathTree(Generic[_T]):
    """Items by path: the longest literal prefix wins, then the order of registration."""

    __slots__ = ("_root",)

    def __init__(self) -> None:
        self._root: _Prefix[_T] = _Prefix()

    def add(self, segments: Sequence[str], whole: bool, item: _T) -> None:
        """Hang `item` below `segments`; see PathPattern.ways()."""
        prefix = self._root
        length = 0
        for segment in _literals(segments):
            prefix = prefix.longer.setdefault(segment, _Prefix())
            length += 1
        if prefix.varying is None:
            prefix.varying = Branch()
        prefix.varying.add(segments[length:], whole, item)

    def find(self, segments: Sequence[str]) -> Iterator[_T]:
        """The items that `segments` may lead to, the best first; each has yet to be matched."""
        prefix: _Prefix[_T] | None = self._root
        steps: list[tuple[int, Branch[_T]]] = []
        length = 0
        while prefix is not None:
            if prefix.varying is not None:
                steps.append((length, prefix.varying))
            if length == len(segments):
                break
            prefix = prefix.longer.get(segments[length])
            length += 1
        while steps:
            length, branch = steps.pop()
            found: list[_T] = []
            branch.collect(segments, length, found)
            if len(found) > 1:
                found.sort(key=_order)
            yield from found

    def at(self, prefix: Sequence[str], segments: Sequence[str]) -> list[_T]:
        """Those that vary behind exactly the literal `prefix` and that `segments` may lead to."""
        node: _Prefix[_T] | None = self._root
        for segment in prefix:
            node = None if node is None else node.longer.get(segment)
        found: list[_T] = []
        if node is not None and node.varying is not None:
            node.varying.collect(segments, len(prefix), found)
        return found


def _literals(segments: Sequence[str]) -> Iterator[str]:
    """The leading segments without variables, but for an empty last one.

    A trailing slash makes no longer prefix: "/x/" and "/x/{y}" are equally good for "/x/".
    """
    for index, segment in enumerate(segments):
        if isinstance(segment, Head) or (index and not segment and index == len(segments) - 1):
            return
        yield segment


def _order(item: Ordered) -> int:
    return item.order
