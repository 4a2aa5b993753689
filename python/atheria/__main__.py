"""`python -m atheria` is the command `atheria`."""

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main())
