"""Which handler answers which path and method."""
