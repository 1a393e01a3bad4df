"""The HTTP/1.1 codec: bytes in, heads and body pieces out; no input or output of its own."""
