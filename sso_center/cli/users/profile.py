"""The options with which a command sets fields of a profile: one for each field that an admin may change."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import click

from sso_center.base.errors import SettingsError
from sso_center.base.profile import ADMIN, ProfileTable
from sso_center.base.settings import load_settings


class ProfileCommand(click.Command):
    """A command that has an option for each field; its function gets them by name, None when not given."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own parameters and those options."""
        return [*_options(), *super().get_params(ctx)]


@cache
def _options() -> tuple[click.Option, ...]:
    return tuple(
        click.Option([f"--{name.replace('_', '-')}"], help=f"{field.label}.", metavar=field.kind.name.upper())
        for name, field in _table().editable_by(ADMIN).items()
    )


def _table() -> ProfileTable:
    try:
        return load_settings().profile
    except SettingsError:
        # The command itself will say what is wrong with them.
        return ProfileTable()


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}
