"""What every page of every demo site shows: its name, who is signed in, and the way to the others."""

from typing import Any

from flask import request

from client_sdk.flask import SSO

SITES = ("shop", "forum", "staff")


def every_page(site: str, title: str, sso: SSO) -> dict[str, Any]:
    """Return what the base template needs."""
    return {"site": site, "title": title, "sso": sso, "neighbours": _neighbours(site)}


def _neighbours(site: str) -> dict[str, str]:
    # The three sites stand on ports in a row.
    _, _, port = request.host.partition(":")
    first = int(port or 80) - SITES.index(site)
    return {name: f"http://{name}.localhost:{first + place}/" for place, name in enumerate(SITES)}
