"""`python -m atheria_pack VERB`."""

import os
import sys

from atheria_pack.cli.main import main

status = main()
sys.stdout.flush()
sys.stderr.flush()
# Not sys.exit: threads of py-rattler may still hold Python objects, and crash an interpreter that takes itself down under them.
os._exit(status)
