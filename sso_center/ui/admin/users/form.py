"""What is typed of a person, read and checked once."""

from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from sso_center.base.errors import SSOError
from sso_center.base.profile import ADMIN, ProfileTable
from sso_center.core.users import User
from sso_center.core.users.rules import check_roles, check_username
from sso_center.ui.core_messages import in_words
from sso_center.ui.profile_form import render_profile, typed_profile
from sso_center.web.language import gettext
from sso_center.web.profile_words import label_of, value_in_words


@dataclass(frozen=True)
class UserFormData:
    """A person as typed, in the form that is stored; `profile` holds the fields that are not as before."""

    username: str
    roles: tuple[str, ...]
    profile: dict[str, Any] = field(default_factory=dict)


def read_form(table: ProfileTable, stored: User | None = None) -> UserFormData:
    """Return what was typed, and what is stored where the form lacks it; raises Invalid naming the field."""
    username, roles = _account_of(stored).values()
    return UserFormData(
        username=check_username(request.form.get("username", username)),
        roles=check_roles(request.form.get("roles", roles).replace(",", " ").split()),
        profile=typed_profile(table.editable_by(ADMIN).values(), stored.profile if stored else {}),
    )


def show_form(table: ProfileTable, user: User | None, status: int = 200, **context: object) -> Response:
    """Return the page with the form: with what was typed before, else with what is stored."""
    return render_profile(
        "admin/user_form.html",
        table.editable_by(ADMIN).values(),
        user.profile if user else {},
        status,
        account={name: request.values.get(name, kept) for name, kept in _account_of(user).items()},
        action=request.path,
        user=user,
        **context,
    )


def _account_of(user: User | None) -> dict[str, str]:
    return {"username": user.username if user else "", "roles": " ".join(user.roles) if user else ""}


def differences(table: ProfileTable, before: User | None, typed: UserFormData) -> list[tuple[str, str, str]]:
    """Return label, old and new value of all that will be otherwise than before. Raises Invalid."""
    nothing, comma = gettext("none"), gettext(", ")
    old = before.profile if before else {}
    username, roles = (before.username, before.roles) if before else (nothing, ())
    new = {"name": before.username if before else typed.username}
    new |= table.changed(old, typed.profile, ADMIN)
    fields = table.stored.values()
    rows = [
        (gettext("User name"), username, typed.username),
        *((label_of(one), value_in_words(one, old), value_in_words(one, new)) for one in fields),
        (gettext("Roles"), comma.join(roles) or nothing, comma.join(typed.roles) or nothing),
    ]
    return [row for row in rows if row[1] != row[2]]


def explain(refused: SSOError) -> str:
    """Return the reason of a refusal in the admin's language, as far as it is known there."""
    return in_words(refused.message) if refused.message else gettext("Please check what you typed.")
