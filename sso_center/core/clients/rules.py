"""What may be registered for a client."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sso_center.base.errors import Invalid
from sso_center.base.urls import check_registered_url

STANDARD_SCOPES = ("openid", "profile", "email")
ID_TOKEN_ALGORITHMS = ("ES256", "RS256", "EdDSA")
MAX_ADDRESSES, MAX_SCOPES, MAX_NAME = 50, 50, 100

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# RFC 6749 section 3.3, shortened: what a scope is made of.
_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")


@dataclass(frozen=True)
class Registration:
    """What is asked to be stored for a client, not yet checked."""

    client_id: str
    name: str = ""
    home_uri: str | None = None
    redirect_uris: Sequence[str] = ()
    post_logout_redirect_uris: Sequence[str] = ()
    backchannel_logout_uri: str | None = None
    is_public: bool = False
    scopes: Sequence[str] = ()
    id_token_alg: str = "RS256"  # noqa: S105
    may_introspect: bool = False


def check_registration(asked: Registration) -> Registration:
    """Return the registration in the form that is stored; raises Invalid naming the field.

    The standard scopes are always there; `scopes` adds to them.
    """
    if not _CLIENT_ID.fullmatch(asked.client_id):
        raise Invalid(
            f"{asked.client_id!r} is not a client id: 1 to 64 letters, digits and . _ - are.",
            field="client_id",
        )
    if not asked.redirect_uris:
        raise Invalid("A client needs at least one redirect address.", field="redirect_uris")
    if asked.id_token_alg not in ID_TOKEN_ALGORITHMS:
        raise Invalid(f"id_token_alg is one of {', '.join(ID_TOKEN_ALGORITHMS)}.", field="id_token_alg")
    if asked.is_public and asked.may_introspect:
        raise Invalid("A public client can't prove itself, so it may not introspect.", field="may_introspect")
    return Registration(
        client_id=asked.client_id,
        name=_name(asked.name or asked.client_id),
        home_uri=_web_address(asked.home_uri, "home_uri"),
        redirect_uris=_addresses(asked.redirect_uris, "redirect_uris"),
        post_logout_redirect_uris=_addresses(asked.post_logout_redirect_uris, "post_logout_redirect_uris"),
        backchannel_logout_uri=_web_address(asked.backchannel_logout_uri, "backchannel_logout_uri"),
        is_public=asked.is_public,
        scopes=_scopes(asked.scopes),
        id_token_alg=asked.id_token_alg,
        may_introspect=asked.may_introspect,
    )


def _name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid(f"A client's name has 1 to {MAX_NAME} printable characters.", field="name")
    return name


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


def _scopes(asked: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys((*STANDARD_SCOPES, *asked)))
    for scope in found:
        if not _SCOPE.fullmatch(scope):
            raise Invalid(f"{scope!r} is not a scope.", field="scopes")
    if len(found) > MAX_SCOPES:
        raise Invalid(f"A client can have at most {MAX_SCOPES} scopes.", field="scopes")
    return found
