"""The rows of a file of people: CSV with a head, or JSON lines."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TextIO

import click

from sso_center.base.errors import Invalid


@dataclass(frozen=True)
class Row:
    """One person of the file, not yet checked; `line` is where it stands."""

    line: int
    username: str
    name: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()
    password: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)

    @property
    def account(self) -> dict[str, Any]:
        """What is said besides the user name, as an account is added."""
        return {name: value for name in FIELDS[1:] if (value := getattr(self, name))}


@dataclass(frozen=True)
class BadRow:
    """A row that can't be read, and why."""

    line: int
    problem: str


FIELDS = tuple(field.name for field in fields(Row) if field.name != "line")


def read_rows(path: Path) -> Iterator[Row | BadRow]:
    """Yield the rows of a file; its name's ending says which kind it is. Raises UsageError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            if path.suffix.lower() == ".csv":
                yield from _read_csv(opened)
            else:
                yield from _read_json_lines(opened)
    except UnicodeDecodeError as bad:
        raise click.UsageError(f"{path.name} is not UTF-8 text.") from bad


def _read_csv(opened: TextIO) -> Iterator[Row | BadRow]:
    reader = csv.DictReader(opened, strict=True)
    unknown = set(reader.fieldnames or ()) - set(FIELDS)
    if unknown or "username" not in (reader.fieldnames or ()):
        raise click.UsageError(
            f"The first line names the columns: username, and any of {', '.join(FIELDS[1:])}"
            + (f"; not {', '.join(sorted(unknown))}." if unknown else ".")
        )
    try:
        for cells in reader:
            yield _row(reader.line_num, {name: cell for name, cell in cells.items() if cell})
    except csv.Error as bad:
        yield BadRow(reader.line_num, str(bad))


def _read_json_lines(opened: TextIO) -> Iterator[Row | BadRow]:
    for line, text in enumerate(opened, start=1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except ValueError as bad:
            yield BadRow(line, f"not JSON: {bad}")
            continue
        yield _row(line, values) if isinstance(values, dict) else BadRow(line, "not a JSON object")


def _row(line: int, values: dict[Any, Any]) -> Row | BadRow:
    try:
        if unknown := [str(name) for name in values if name not in FIELDS]:
            raise Invalid(f"unknown: {', '.join(sorted(unknown))}")
        roles = values.pop("roles", ())
        # In a cell they stand side by side.
        values["roles"] = tuple(
            roles.replace(",", " ").replace(";", " ").split() if isinstance(roles, str) else roles
        )
        if not values.get("username"):
            raise Invalid("username is missing")
        if not all(isinstance(value, str) for name, value in values.items() if name != "roles"):
            raise Invalid("all values but roles are text")
        if not all(isinstance(role, str) for role in values["roles"]):
            raise Invalid("roles is a list of text")
    except (Invalid, TypeError) as bad:
        return BadRow(line, str(bad))
    return Row(line, **values)
