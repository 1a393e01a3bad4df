"""A fake upstream for tests of clients."""

from .asked import Asked
from .declaration import Answer, Declaration, answer
from .server import FakeServer, UndeclaredRequest

__all__ = ["Answer", "Asked", "Declaration", "FakeServer", "UndeclaredRequest", "answer"]
