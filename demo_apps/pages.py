"""What every page of every demo site shows: its name, who is signed in, and the way to the others."""

from typing import Any

from flask import request

from client_sdk.flask import SSO

SITES = ("shop", "forum", "staff")


def every_page(site: str, title: str, sso: SSO) -> dict[str, Any]:
    """Return what the base template needs."""
    return {"site": site, "title": title, "sso": sso, "neighbours": _neighbours(site)}


def internal_address(site: str, neighbour: str) -> str:
    """Return where the server of `site` finds that of `neighbour`."""
    return f"http://127.0.0.1:{_first_port(site) + SITES.index(neighbour)}"


def _neighbours(site: str) -> dict[str, str]:
    first = _first_port(site)
    return {name: f"http://{name}.localhost:{first + place}/" for place, name in enumerate(SITES)}


def _first_port(site: str) -> int:
    # The three sites stand on ports in a row.
    _, _, port = request.host.partition(":")
    return int(port or 80) - SITES.index(site)
