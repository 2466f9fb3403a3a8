"""What is typed of a site: read into the fields of a registration, and shown again as it was typed."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from flask import request

from sso_center.base.errors import Invalid
from sso_center.base.grant_types import GRANT_TYPES, GrantType
from sso_center.core.clients import ADMIN_SCOPE, OIDC, Client, Registration, check_registration
from sso_center.web.language import gettext

LISTS = ("redirect_uris", "post_logout_redirect_uris", "scopes", "audiences")
NUMBERS = ("refresh_token_lifetime", "refresh_retry_window", "max_sessions")
CHECKS = ("may_introspect", "is_strict", "is_third_party", "frontchannel_logout_session_required")
TEXTS = (
    "name",
    "home_uri",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
    "id_token_alg",
    "access_token_format",
)

NEW = Registration("", id_token_alg="ES256")  # noqa: S106 - an algorithm
"""What the form of a new site begins with."""

SENT = "sent"
"""Stands in the form, so that a box without a tick is told from a form that was not sent."""


def read_form(client_id: str, *, is_public: bool, protocol: str = OIDC) -> Registration:
    """Return what was typed, checked as core checks it; raises Invalid naming the field."""
    asked: dict[str, Any] = {field: request.form.get(field, "").strip() for field in TEXTS}
    asked |= {field: request.form.get(field, "").split() for field in LISTS}
    asked |= {field: _number(field) for field in NUMBERS}
    asked |= {field: field in request.form for field in CHECKS}
    asked["grant_types"] = request.form.getlist("grant_types")
    return check_registration(Registration(client_id, is_public=is_public, protocol=protocol, **asked))


def changed_fields(client: Client, asked: Registration) -> dict[str, Any]:
    """Return the settings that are asked to be other than they are."""
    # What has no field in the form was not asked to be anything.
    names = [field.name for field in fields(Registration) if field.name != "protocol_settings"]
    return {name: getattr(asked, name) for name in names if getattr(asked, name) != getattr(client, name)}


def shown(stored: Registration | Client) -> dict[str, Any]:
    """Return what the form shows: what was typed before, else what is stored."""
    if SENT not in request.values:
        return {
            **{field: getattr(stored, field) or "" for field in (*TEXTS, *NUMBERS)},
            **{field: "\n".join(getattr(stored, field)) for field in LISTS},
            **{field: getattr(stored, field) for field in (*CHECKS, "is_public")},
            "client_id": stored.client_id,
            "grant_types": stored.grant_types,
        }
    return {
        **{field: request.values.get(field, "") for field in (*TEXTS, *NUMBERS, *LISTS, "client_id")},
        **{field: field in request.values for field in (*CHECKS, "is_public")},
        "grant_types": request.values.getlist("grant_types"),
    }


def warning_of(before: Collection[str], after: Collection[str]) -> str:
    """Return what must not be overlooked of the scopes that a site is to get, '' when there is nothing."""
    if ADMIN_SCOPE not in set(after) - set(before):
        return ""
    return gettext(
        "With the scope %(scope)s its programs can do everything that you can do here.", scope=ADMIN_SCOPE
    )


def grant_types() -> list[tuple[GrantType, str]]:
    """Return the grant types that can be ticked, and what people are told of each."""
    return [(one, f"{one.name}: {gettext(one.label)}") for one in GRANT_TYPES.values()]


def _number(field: str) -> int:
    typed = request.form.get(field, "").strip()
    if not typed.isascii() or not typed.isdigit() or len(typed) > 12:
        raise Invalid(gettext("Please enter a whole number."), field=field)
    return int(typed)
