"""The command: one request, written down by hand."""
