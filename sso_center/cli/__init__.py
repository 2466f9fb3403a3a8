"""The command line. Each subcommand is a file of its own, imported only when it is asked for."""

from sso_center.cli.main import main

__all__ = ["main"]
