"""Choosing a new password: what the forms share, and the one way in which a change takes effect."""

from flask import request

from sso_center.base.errors import Invalid
from sso_center.core.audit import Tag
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui import audit_request
from sso_center.web.language import gettext

MAX_PASSWORD = 1024


def read_new() -> str:
    """Return the new password that was typed twice.

    Raises Invalid, naming the field, when it is missing, too long or not the same both times.
    """
    new, repeat = request.form.get("new", ""), request.form.get("repeat", "")
    if not new:
        raise Invalid(gettext("Please enter a new password."), field="new")
    if len(new) > MAX_PASSWORD or "\0" in new:
        raise Invalid(gettext("This password is too long."), field="new")
    if new != repeat:
        raise Invalid(gettext("The two new passwords are not the same."), field="repeat")
    return new


def change(services: Services, user: User, new: str) -> User:
    """Store a new password, which in the same transaction takes back what the rule for it says.

    By default that is every session of the user, this browser's too.

    Returns the user as changed. Raises Invalid when the password is too weak, Conflict when the account
    is not as `user` says any more, and Unavailable.
    """
    changed = services.users.set_password(user.sub, new, version=user.version, actor=user.sub)
    audit_request.record(services, Tag.PASSWORD_CHANGED, sub=user.sub)
    return changed


def explain(refused: Invalid) -> str:
    """Return the reason of a refusal in the person's language."""
    return gettext(refused.message) if refused.message else gettext("Please choose another password.")
