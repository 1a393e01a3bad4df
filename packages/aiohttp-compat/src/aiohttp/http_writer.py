"""Versions of HTTP; the writer of the original has no like here."""

from aiolos.http import HttpVersion, HttpVersion10, HttpVersion11

__all__ = ["HttpVersion", "HttpVersion10", "HttpVersion11"]
