"""A fake upstream for tests of clients."""

from .asked import Asked
from .declaration import Answer, Conversation, Declaration, answer
from .server import FakeServer, UndeclaredRequest

__all__ = [
    "Answer",
    "Asked",
    "Conversation",
    "Declaration",
    "FakeServer",
    "UndeclaredRequest",
    "answer",
]
