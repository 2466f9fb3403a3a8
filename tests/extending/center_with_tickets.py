"""`sso-center serve` with one more line in its table of façades."""

from sso_center.base.settings import load_settings
from sso_center.cli.serve import run
from sso_center.protocols.table import TABLE, Facades

FACADES = Facades(
    *TABLE,
    "tests.extending.tickets",
)

if __name__ == "__main__":
    run(load_settings(), FACADES)
