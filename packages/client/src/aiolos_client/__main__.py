"""python -m aiolos_client URL"""

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main())
