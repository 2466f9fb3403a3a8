"""What a site is registered with: the options that `clients add` and `clients update` share."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import click

from sso_center.base.grant_types import GRANT_TYPES

ALGORITHMS = click.Choice(["ES256", "RS256", "EdDSA"])
FORMATS = click.Choice(["opaque", "jwt", "app"])


def _members(_context: click.Context, _option: click.Parameter, typed: str | None) -> dict[str, Any] | None:
    if typed is None:
        return None
    try:
        found = json.loads(typed)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise click.BadParameter('not a JSON object such as {"service": "https://wiki.example/"}')
    return found


_SHARED = (
    click.option(
        "--post-logout-redirect-uri",
        "post_logout_redirect_uris",
        multiple=True,
        metavar="U",
        help="Where logouts may come back to.",
    ),
    click.option("--backchannel-logout-uri", metavar="U", help="Where the center tells the site of logouts."),
    click.option(
        "--frontchannel-logout-uri", metavar="U", help="What a browser that signs out loads, unseen."
    ),
    click.option(
        "--frontchannel-logout-session/--no-frontchannel-logout-session",
        "frontchannel_logout_session_required",
        default=None,
        help="Say there which session it was.",
    ),
    click.option("--scope", "scopes", multiple=True, metavar="S", help="Besides openid, profile and email."),
    click.option("--name", help="What people call the site; ID when it is empty."),
    click.option("--home-uri", metavar="U", help="Where its front page is."),
    click.option("--access-token-format", type=FORMATS, help="What its access tokens are; app: they renew."),
    click.option("--audience", "audiences", multiple=True, metavar="A", help="An API its tokens are for."),
    click.option(
        "--grant-type",
        "grant_types",
        multiple=True,
        type=click.Choice(list(GRANT_TYPES)),
        help="How it gets tokens.",
    ),
    click.option("--refresh-token-lifetime", type=int, metavar="S", help="Seconds it can refresh for."),
    click.option(
        "--refresh-retry-window", type=int, metavar="S", help="Seconds a used refresh token can be retried."
    ),
    click.option(
        "--strict/--no-strict", "is_strict", default=None, help="Replaced tokens end 60 s after the telling."
    ),
    click.option(
        "--third-party/--no-third-party",
        "is_third_party",
        default=None,
        help="Ask people before it learns of them.",
    ),
    click.option(
        "--protocol-settings",
        metavar="JSON",
        callback=_members,
        help="What only its protocol asks for, as an object.",
    ),
    click.option("--max-sessions", type=int, metavar="N", help="Sessions at once; 0 is any number."),
)


def site_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command with the options that mean the same for a new site and for a registered one."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said on the command line; an empty value in place of a list is an empty list."""
    said = {name: value for name, value in options.items() if value is not None and value != ()}
    return {
        name: tuple(one for one in value if one) if isinstance(value, tuple) else value
        for name, value in said.items()
    }
