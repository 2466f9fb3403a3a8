"""`sso-center users import`: many people at once; a bad row stops nobody else's."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sso_center.base.errors import Conflict, Invalid
from sso_center.base.settings import load_settings
from sso_center.cli.failures import EXIT_REFUSED
from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import counted
from sso_center.cli.users.rows import BadRow, Row, read_rows

if TYPE_CHECKING:
    from sso_center.services import Services


@click.command("import")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_users(path: Path) -> None:
    """Add people from FILE: CSV when its name ends with .csv, else JSON lines.

    Columns: username, roles, either password or password_hash (argon2), and the fields of the profile: those
    that `sso-center users show` prints. Each row is added whole or not at all; rows that are not added are
    reported, and make the exit code 1.
    """
    added, problems = 0, []
    rows = list(read_rows(path, load_settings().profile))
    with opened_services() as services, _progress(rows) as steps:
        for row in steps:
            problem = _add(services, row)
            if problem:
                problems.append(f"line {row.line}: {problem}")
            else:
                added += 1
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{added} added, {len(problems)} not.")
    if problems:
        raise SystemExit(EXIT_REFUSED)


@contextmanager
def _progress(rows: list[Row | BadRow]) -> Iterator[Iterator[Row | BadRow]]:
    label = f"Adding {counted(len(rows), 'person', 'people')}"
    with click.progressbar(rows, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as steps:
        yield iter(steps)


def _add(services: "Services", row: Row | BadRow) -> str:
    """Add one person; returns why not, or nothing."""
    if isinstance(row, BadRow):
        return row.problem
    try:
        services.administration.users.add(ACTOR, row.username, by="import", **row.account)
    except (Conflict, Invalid) as refused:
        return f"{row.username}: {refused.message}"
    return ""
