"""What a site is registered with: the options that `clients add` and `clients update` share."""

from collections.abc import Callable, Mapping
from typing import Any

import click

ALGORITHMS = click.Choice(["ES256", "RS256", "EdDSA"])

_SHARED = (
    click.option(
        "--post-logout-redirect-uri",
        "post_logout_redirect_uris",
        multiple=True,
        metavar="U",
        help="Where logouts may come back to.",
    ),
    click.option("--backchannel-logout-uri", metavar="U", help="Where the center tells the site of logouts."),
    click.option("--scope", "scopes", multiple=True, metavar="S", help="Besides openid, profile and email."),
    click.option("--name", help="What people call the site; ID when it is empty."),
    click.option("--home-uri", metavar="U", help="Where its front page is."),
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
