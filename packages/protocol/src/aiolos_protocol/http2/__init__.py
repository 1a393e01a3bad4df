"""The HTTP/2 codec: bytes in, calls on a sink out; no input or output of its own (RFC 9113)."""
