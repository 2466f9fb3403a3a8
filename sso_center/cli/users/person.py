"""How commands name a person, show one, and ask for a password."""

import sys
from typing import TYPE_CHECKING, Any

import click

from sso_center.base.errors import NotFound

if TYPE_CHECKING:
    from sso_center.core.users import User
    from sso_center.services import Services


def find_person(services: "Services", name: str) -> "User":
    """Return the user with this login name, or with this `sub`; raises NotFound."""
    found = services.users.called(name)
    if found is None:
        raise NotFound(f"There is no user {name!r}.")
    return found


def shown(services: "Services", user: "User") -> dict[str, Any]:
    """Return a user as printed in JSON."""
    return {
        "sub": user.sub,
        "username": user.username,
        **services.settings.profile.values(user.profile),
        "roles": list(user.roles),
        "disabled": user.is_disabled,
        "must_change_password": user.must_change_password,
    }


def asked_password(*, from_stdin: bool) -> str:
    """Return a password: the first line of standard input, or typed twice at a terminal."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask for a password: use --password-stdin.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True)
    return password
