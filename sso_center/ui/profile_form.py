"""A profile in a form: what it shows, and what was typed. The console and the account page share it."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, request

from sso_center.base.errors import Invalid
from sso_center.base.profile import Field
from sso_center.base.profile.kinds import ADDRESS_MEMBERS, POSTAL, shown
from sso_center.ui.core_messages import in_words
from sso_center.web.language import lazy_gettext
from sso_center.web.pages import render
from sso_center.web.profile_words import label_of

MEMBERS = {
    "formatted": lazy_gettext("As on an envelope"),
    "street_address": lazy_gettext("Street"),
    "locality": lazy_gettext("Town"),
    "region": lazy_gettext("Region"),
    "postal_code": lazy_gettext("Postal code"),
    "country": lazy_gettext("Country"),
}
"""What the parts of a postal address are called."""

HINTS = {
    "date": lazy_gettext("Such as 1999-12-31; 0000-12-31 tells no year, 1999 only the year."),
    "time_zone": lazy_gettext("Such as Europe/Paris."),
    "language": lazy_gettext("Such as en or zh-CN."),
    "phone": lazy_gettext("With the code of the country, such as +1 425 555 1212."),
    "url": lazy_gettext("Beginning with https://"),
    "names": lazy_gettext("With commas between."),
}
"""How the values of some kinds are written."""


def typed_profile(fields: Iterable[Field], profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed that is not as in `profile`, each value checked. Raises Invalid naming the field.

    What the form doesn't carry was not asked for, and what it shows as stored was not typed: rules may have
    changed since. A box that stays ticked beside another address says nothing of that address.
    """
    typed = {field: _typed(field, field.value_in(profile)) for field in fields}
    checked = {field.name: _checked(field, value) for field, value in typed.items() if value is not None}
    return {name: value for name, value in checked.items() if (value or None) != (profile.get(name) or None)}


def _checked(field: Field, typed: Any) -> Any:
    try:
        return field.kind.check(field.name, typed)
    except Invalid as refused:
        # Core calls a field by its name, a page by what stands beside it.
        message = in_words(refused.message.replace(field.name, label_of(field), 1))
        raise Invalid(message, field=refused.field) from refused


def _typed(field: Field, stored: Any) -> Any:
    """Return what was typed in a field; None when the form lacks it or has what is stored."""
    if field.kind is POSTAL:
        sent = {one: request.form.get(f"{field.name}.{one}") for one in ADDRESS_MEMBERS}
        # Browsers send the end of a line so.
        typed = {one: text.replace("\r\n", "\n") for one, text in sent.items() if text is not None}
        is_stored = all(text == stored.get(one, "") for one, text in typed.items())
        return None if is_stored else {**stored, **typed}
    text = _last(request.form.getlist(field.name), shown(stored))
    return None if text == shown(stored) else text


def _last(values: list[str], otherwise: str) -> str:
    # A box that is not ticked sends nothing by itself: what stands before it in the form says no.
    return values[-1] if values else otherwise


def render_profile(
    template: str, fields: Iterable[Field], profile: Mapping[str, Any], status: int, **context: object
) -> Response:
    """Return a page that has a form with these fields: profile_fields.html puts them there."""
    asked = tuple(fields)
    return render(
        template,
        status,
        fields=asked,
        values={field.name: in_form(field, profile) for field in asked},
        label_of=label_of,
        address_members=MEMBERS,
        hints=HINTS,
        **context,
    )


def in_form(field: Field, profile: Mapping[str, Any]) -> Any:
    """Return what a form shows in a field: what was typed before, else what is stored."""
    stored = field.value_in(profile)
    if field.kind is POSTAL:
        names = {one: f"{field.name}.{one}" for one in ADDRESS_MEMBERS}
        return {one: request.values.get(name, stored.get(one, "")) for one, name in names.items()}
    return _last(request.values.getlist(field.name), shown(stored))
