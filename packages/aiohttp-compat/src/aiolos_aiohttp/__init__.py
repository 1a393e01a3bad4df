"""What aiolos-aiohttp is beside the import name: the step that makes tools see an aiohttp."""
