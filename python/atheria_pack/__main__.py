"""`python -m atheria_pack VERB`."""

import sys

from atheria_pack.cli.main import main

sys.exit(main())
