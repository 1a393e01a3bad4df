"""From aiohttp to aiolos: `python -m aiolos.migrate PATH` changes the imports of a source tree."""
