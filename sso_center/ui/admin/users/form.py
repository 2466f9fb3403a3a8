"""What is typed of a person, read and checked once."""

from dataclasses import dataclass

from flask import request

from sso_center.base.errors import SSOError
from sso_center.base.profile.kinds import EMAIL, TEXT
from sso_center.core.users.rules import check_roles, check_username
from sso_center.ui.words import in_words
from sso_center.web.language import gettext

FIELDS = ("username", "name", "email", "roles")


@dataclass(frozen=True)
class Typed:
    """A person as typed, in the form that is stored."""

    username: str
    name: str
    email: str
    roles: tuple[str, ...]


def read_form() -> Typed:
    """Return what was typed; raises Invalid naming the field."""
    return Typed(
        username=check_username(request.form.get("username", "")),
        name=TEXT.check("name", request.form.get("name", "")),
        email=EMAIL.check("email", request.form.get("email", "")),
        roles=check_roles(request.form.get("roles", "").replace(",", " ").split()),
    )


def as_typed(stored: Typed) -> dict[str, str]:
    """Return what the form shows: what was typed before, else what is stored."""
    kept = {"username": stored.username, "name": stored.name, "email": stored.email}
    kept["roles"] = " ".join(stored.roles)
    return {field: request.values.get(field, kept[field]) for field in FIELDS}


def explain(refused: SSOError) -> str:
    """Return the reason of a refusal in the admin's language, as far as it is known there."""
    return in_words(refused.message) if refused.message else gettext("Please check what you typed.")
