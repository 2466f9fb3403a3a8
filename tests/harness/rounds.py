"""How often a test that tries its luck does so: a share of it in `make test`, all of it in `make prove`."""

import os

SHARE = 20
FEWEST = 3


def rounds(full: int, *, share: int = SHARE) -> int:
    """Return how many rounds to run of a proof that takes `full` of them; one in `share` in `make test`."""
    if os.environ.get("SSO_TESTS_ROUNDS") == "full":
        return full
    return max(full // share, FEWEST)
