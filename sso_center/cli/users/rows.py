"""The rows of a file of people: CSV with a head, or JSON lines."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import click

from sso_center.base.errors import Invalid
from sso_center.base.profile import ProfileTable


@dataclass(frozen=True)
class Row:
    """One person of the file, not yet checked; `line` is where it stands."""

    line: int
    username: str
    account: dict[str, Any] = field(repr=False)
    """What is said besides the user name, as an account is added."""


@dataclass(frozen=True)
class BadRow:
    """A row that can't be read, and why."""

    line: int
    problem: str


CREDENTIALS = ("password", "password_hash")
ACCOUNT = ("username", "roles", *CREDENTIALS)
"""What a row tells besides the profile."""


def read_rows(path: Path, table: ProfileTable) -> Iterator[Row | BadRow]:
    """Yield the rows of a file; its name's ending says which kind it is. Raises UsageError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            if path.suffix.lower() == ".csv":
                yield from _read_csv(opened, table)
            else:
                yield from _read_json_lines(opened, table)
    except UnicodeDecodeError as bad:
        raise click.UsageError(f"{path.name} is not UTF-8 text.") from bad


def _read_csv(opened: TextIO, table: ProfileTable) -> Iterator[Row | BadRow]:
    reader = csv.DictReader(opened, strict=True)
    known = (*ACCOUNT, *table.stored)
    unknown = set(reader.fieldnames or ()) - set(known)
    if unknown or "username" not in (reader.fieldnames or ()):
        raise click.UsageError(
            f"The first line names the columns: username, and any of {', '.join(known[1:])}"
            + (f"; not {', '.join(sorted(unknown))}." if unknown else ".")
        )
    try:
        for cells in reader:
            yield _row(table, reader.line_num, {name: cell for name, cell in cells.items() if cell})
    except csv.Error as bad:
        yield BadRow(reader.line_num, str(bad))


def _read_json_lines(opened: TextIO, table: ProfileTable) -> Iterator[Row | BadRow]:
    for line, text in enumerate(opened, start=1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except ValueError as bad:
            yield BadRow(line, f"not JSON: {bad}")
            continue
        yield _row(table, line, values) if isinstance(values, dict) else BadRow(line, "not a JSON object")


def _row(table: ProfileTable, line: int, values: dict[Any, Any]) -> Row | BadRow:
    try:
        if unknown := [str(name) for name in values if name not in ACCOUNT and name not in table.stored]:
            raise Invalid(f"unknown: {', '.join(sorted(unknown))}")
        if not values.get("username"):
            raise Invalid("username is missing")
        if not all(isinstance(values.get(name, ""), str) for name in ("username", *CREDENTIALS)):
            raise Invalid("user names and passwords are text")
        account = table.as_account({**values, "roles": _roles(values.get("roles", ()))})
    except (Invalid, TypeError) as bad:
        return BadRow(line, str(bad))
    username = account.pop("username")
    return Row(line, username, {name: value for name, value in account.items() if value})


def _roles(told: Any) -> tuple[str, ...]:
    # In a cell they stand side by side.
    roles = told.replace(",", " ").replace(";", " ").split() if isinstance(told, str) else told
    if not all(isinstance(role, str) for role in roles):
        raise Invalid("roles is a list of text")
    return tuple(roles)
