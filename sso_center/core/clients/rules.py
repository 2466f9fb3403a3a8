"""The rules of registration."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sso_center.base.errors import Invalid
from sso_center.base.grant_types import GRANT_TYPES, LOGINS
from sso_center.base.settings import DAY
from sso_center.base.urls import check_registered_url, origin_of
from sso_center.core.clients.client import ADMIN_SCOPE, OFFLINE_ACCESS, AccessTokenFormat, ClientFields
from sso_center.core.clients.protocol_settings import OIDC

STANDARD_SCOPES = ("openid", "profile", "email")
ACCESS_TOKEN_FORMATS = ("opaque", "jwt", "app")
ID_TOKEN_ALGORITHMS = ("ES256", "RS256", "EdDSA")
MAX_ADDRESSES, MAX_SCOPES, MAX_NAME = 50, 50, 100
MAX_AUDIENCES, MAX_SESSIONS = 20, 1_000_000_000

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# RFC 6749 section 3.3, shortened: what a scope is made of.
_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")

# RFC 7519 section 2: a string, or an address; without what needs care inside quotes or lists.
_AUDIENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:/?@=&%+-]{0,199}")


@dataclass(frozen=True)
class Registration(ClientFields):
    """A registration as requested, not yet checked."""

    protocol_settings: Mapping[str, Any] = field(default_factory=dict)


def check_registration(asked: Registration) -> Registration:
    """Return the registration in the form that is stored; raises Invalid naming the field.

    The standard scopes are always there; `scopes` adds to them.
    """
    if not _CLIENT_ID.fullmatch(asked.client_id):
        raise Invalid(
            f"{asked.client_id!r} is not a client id: 1 to 64 letters, digits and . _ - are.",
            field="client_id",
        )
    if asked.id_token_alg not in ID_TOKEN_ALGORITHMS:
        raise Invalid(f"id_token_alg is one of {', '.join(ID_TOKEN_ALGORITHMS)}.", field="id_token_alg")
    if asked.is_public and asked.may_introspect:
        raise Invalid("A public client can't prove itself, so it may not introspect.", field="may_introspect")
    # Grants are asked for by the rules of OAuth: whoever speaks something else is registered for none.
    grant_types = _grant_types(asked) if asked.protocol == OIDC else ()
    if ADMIN_SCOPE in asked.scopes:
        _check_admin(asked, grant_types)
    return replace(
        asked,
        name=_name(asked.name or asked.client_id),
        home_uri=_web_address(asked.home_uri, "home_uri"),
        redirect_uris=_addresses(asked.redirect_uris, "redirect_uris"),
        post_logout_redirect_uris=_addresses(asked.post_logout_redirect_uris, "post_logout_redirect_uris"),
        backchannel_logout_uri=_web_address(asked.backchannel_logout_uri, "backchannel_logout_uri"),
        scopes=_scopes(asked.scopes, grant_types),
        access_token_format=_format(asked.access_token_format, grant_types),
        audiences=_audiences(asked.audiences),
        grant_types=grant_types,
        refresh_token_lifetime=_between(
            60, 400 * DAY, asked.refresh_token_lifetime, "refresh_token_lifetime"
        ),
        refresh_retry_window=_between(0, DAY, asked.refresh_retry_window, "refresh_retry_window"),
        max_sessions=_between(0, MAX_SESSIONS, asked.max_sessions, "max_sessions"),
        frontchannel_logout_uri=_frontchannel(asked.frontchannel_logout_uri, asked.redirect_uris),
    )


def _check_admin(asked: Registration, grant_types: Sequence[str]) -> None:
    # A client where people log in would get it with their consent; an audience of its tokens could present
    # them to us.
    if not grant_types or not all(GRANT_TYPES[name].is_for_itself for name in grant_types):
        raise Invalid(
            f"{ADMIN_SCOPE} is for who acts for itself alone: its only grant type is client_credentials.",
            field="scopes",
        )
    if asked.audiences:
        raise Invalid(
            f"With {ADMIN_SCOPE} its tokens are for the center: it has no audiences.", field="audiences"
        )


def _name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid(f"A client's name has 1 to {MAX_NAME} printable characters.", field="name")
    return name


def _grant_types(asked: Registration) -> tuple[str, ...]:
    unknown = set(asked.grant_types) - GRANT_TYPES.keys()
    if unknown or not asked.grant_types:
        raise Invalid(f"grant_types are some of {', '.join(GRANT_TYPES)}.", field="grant_types")
    found = [one for one in GRANT_TYPES.values() if one.name in asked.grant_types]
    for one in found:
        if one.needs_login and not _has_login(asked.grant_types):
            needed = " or ".join(LOGINS)
            raise Invalid(f"{one.name} comes with a login: it needs {needed}.", field="grant_types")
        if one.needs_secret and asked.is_public:
            raise Invalid("A public client has no credentials to come with.", field="grant_types")
        if one.needs_redirect_uri and not asked.redirect_uris:
            raise Invalid("A client that people log in at needs a redirect address.", field="redirect_uris")
    return tuple(one.name for one in found)


def _has_login(grant_types: Sequence[str]) -> bool:
    return not set(grant_types).isdisjoint(LOGINS)


def _format(asked: AccessTokenFormat, grant_types: Sequence[str]) -> AccessTokenFormat:
    if asked not in ACCESS_TOKEN_FORMATS:
        raise Invalid(
            f"access_token_format is one of {', '.join(ACCESS_TOKEN_FORMATS)}.", field="access_token_format"
        )
    if asked == "app" and not _has_login(grant_types):
        raise Invalid(
            f"An app token comes with a login: it needs {' or '.join(LOGINS)}.", field="access_token_format"
        )
    if asked == "app" and "refresh_token" in grant_types:
        raise Invalid("An app token renews itself: it excludes refresh_token.", field="access_token_format")
    return asked


def _audiences(asked: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(asked))
    for audience in found:
        if not _AUDIENCE.fullmatch(audience):
            raise Invalid(
                f"{audience!r} is not an audience: a client id or an address is.", field="audiences"
            )
    if len(found) > MAX_AUDIENCES:
        raise Invalid(f"A client can have at most {MAX_AUDIENCES} audiences.", field="audiences")
    return found


def _between(low: int, high: int, asked: int, field: str) -> int:
    if not low <= asked <= high:
        raise Invalid(f"{field} is a whole number from {low} to {high}.", field=field)
    return asked


def _addresses(urls: Sequence[str], field: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(check_registered_url(url, field=field) for url in urls))
    if len(found) > MAX_ADDRESSES:
        raise Invalid(f"A client can have at most {MAX_ADDRESSES} {field}.", field=field)
    return found


def _web_address(url: str | None, field: str) -> str | None:
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise Invalid(f"{url!r} must start with https:// or http://.", field=field)
    return check_registered_url(url, field=field)


def _frontchannel(url: str | None, redirect_uris: Sequence[str]) -> str | None:
    field = "frontchannel_logout_uri"
    checked = _web_address(url, field)
    # Front-Channel Logout 1.0 section 2: otherwise a site could have our page load another site's address.
    if checked is not None and origin_of(checked) not in {origin_of(one) for one in redirect_uris}:
        raise Invalid(
            f"{url!r} must have scheme, host and port of one of the redirect addresses.", field=field
        )
    return checked


def _scopes(asked: Sequence[str], grant_types: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys((*STANDARD_SCOPES, *asked)))
    for scope in found:
        if not _SCOPE.fullmatch(scope):
            raise Invalid(f"{scope!r} is not a scope.", field="scopes")
    if len(found) > MAX_SCOPES:
        raise Invalid(f"A client can have at most {MAX_SCOPES} scopes.", field="scopes")
    if OFFLINE_ACCESS in found and "refresh_token" not in grant_types:
        raise Invalid(f"{OFFLINE_ACCESS} needs the grant type refresh_token.", field="scopes")
    return found
