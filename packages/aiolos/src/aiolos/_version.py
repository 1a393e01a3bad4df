"""The version, one for all packages; written by tools/version.py."""

__version__ = "0.1.0"
