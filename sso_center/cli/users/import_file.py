"""`sso-center users import`: many people at once; a bad row stops nobody else's."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sso_center.base.errors import Conflict, Invalid
from sso_center.cli.failures import EXIT_REFUSED
from sso_center.cli.opened import ACTOR, opened_services
from sso_center.cli.output import counted
from sso_center.cli.users.rows import BadRow, Row, read_rows

if TYPE_CHECKING:
    from sso_center.services import Services


@click.command("import")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_users(path: Path) -> None:
    """Add people from FILE: CSV when its name ends with .csv, else JSON lines.

    Columns: username, name, email, roles, and either password or password_hash (argon2). Each row is
    added whole or not at all; rows that are not added are reported, and make the exit code 1.
    """
    added, problems = 0, []
    rows = list(read_rows(path))
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
    from sso_center.core.audit import Tag  # noqa: PLC0415

    if isinstance(row, BadRow):
        return row.problem
    if row.password and row.password_hash:
        return f"{row.username}: give password or password_hash, not both"
    try:
        if row.password_hash:
            user = services.users.add_imported(
                row.username,
                profile={"name": row.name, "email": row.email},
                roles=row.roles,
                password_hash=row.password_hash,
            )
        else:
            user = services.users.add(
                row.username,
                profile={"name": row.name, "email": row.email},
                roles=row.roles,
                password=row.password or None,
            )
    except (Conflict, Invalid) as refused:
        return f"{row.username}: {refused.message}"
    services.audit.record(Tag.USER_ADDED, sub=user.sub, actor=ACTOR, detail={"by": "import"})
    return ""
