"""Values as attrs knows them: the original's are made by it, and `attr.evolve()` changes one.

Nothing here needs attrs: who asks for the attributes has it.
"""

import dataclasses
from importlib import import_module
from typing import Any


class _Attributes:
    """`__attrs_attrs__` of a dataclass, made when it is asked for."""

    def __init__(self) -> None:
        self._made: Any = None

    def __get__(self, instance: object, owner: Any) -> Any:
        if self._made is None:
            try:
                attr: Any = import_module("attr")
            except ModuleNotFoundError as error:
                # Who looks whether it is there is not told of another distribution.
                raise AttributeError("__attrs_attrs__ is made by attrs") from error
            given = {
                field.name: attr.ib(
                    default=attr.NOTHING if field.default is dataclasses.MISSING else field.default
                )
                for field in dataclasses.fields(owner)
            }
            self._made = attr.make_class(owner.__name__, given).__attrs_attrs__
        return self._made


def tell(*classes: Any) -> None:
    """Let attrs know the fields of these dataclasses."""
    for each in classes:
        each.__attrs_attrs__ = _Attributes()
