"""Sending a person to the sign-in page, and which site waits for them behind it."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from flask import Flask, current_app

from sso_center.base.urls import with_query
from sso_center.services import Services

LOGIN = "/login"
"""Where signing in begins."""

MAX_LOGIN_HINT, MAX_LOCALES = 254, 100

SiteName = Callable[[Services, str], str | None]
"""Returns, for the query of a request that waits behind the sign-in page, the name of the site that asked."""

_EXTENSION = "sso-waiting-sites"


def install(app: Flask, services: Services, sites: Mapping[str, SiteName]) -> None:
    """Let `app` name the site that waits at each of these paths."""
    app.extensions[_EXTENSION] = (services, dict(sites))


def waiting_site(address: str) -> str | None:
    """Return the name of the site whose request is this path on this host; None when it is no site's."""
    parts = urlsplit(address)
    services, sites = current_app.extensions[_EXTENSION]
    name_of = sites.get(parts.path)
    return name_of(services, parts.query) if name_of else None


def sign_in_address(
    target: str, *, again: bool = False, login_hint: str | None = None, ui_locales: str | None = None
) -> str:
    """Return where a person signs in and then goes on to `target`, a path on this host.

    `again` asks even somebody who is signed in. Whom the site expects, and the languages that it wishes, are
    left out when they are too long to be meant.
    """
    return with_query(
        LOGIN,
        next=target,
        again="1" if again else None,
        ui_locales=not_too_long(ui_locales, MAX_LOCALES),
        login_hint=not_too_long(login_hint, MAX_LOGIN_HINT),
    )


def not_too_long(text: str | None, most: int) -> str | None:
    """Return `text`, or None when it is longer than `most` characters."""
    return None if text is None or len(text) > most else text
