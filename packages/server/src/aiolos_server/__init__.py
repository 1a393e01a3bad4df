"""aiolos-server."""
