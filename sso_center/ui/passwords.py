"""Choosing a new password: what the forms share."""

from flask import request

from sso_center.base.errors import Invalid
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


def explain(refused: Invalid) -> str:
    """Return the reason of a refusal in the person's language."""
    return gettext(refused.message) if refused.message else gettext("Please choose another password.")
