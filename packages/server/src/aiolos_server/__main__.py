"""`python -m aiolos_server module:app`."""

from .cli import main

main()
