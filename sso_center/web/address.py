"""The address a request came from, as far as it can be believed."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request

from sso_center.base.settings import Network, Settings
from sso_center.core.sessions import MAX_USER_AGENT

TRUSTED = "SSO_TRUSTED_PROXIES"
MAX_HOPS = 32


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end of a request: the address, and what the browser calls itself, shortened."""

    address: str
    user_agent: str


def install(app: Flask, settings: Settings) -> None:
    """Tell `app` which proxies may say for whom they ask."""
    app.config[TRUSTED] = settings.trusted_proxies


def client_address() -> str:
    """Return the address of the client of the current request."""
    if "client_address" not in g:
        g.client_address = address_behind(
            request.remote_addr or "",
            request.headers.getlist("X-Forwarded-For"),
            current_app.config[TRUSTED],
        )
    return str(g.client_address)


def address_in(environ: Mapping[str, Any], trusted: Sequence[Network]) -> str:
    """Return the address of the client of a request, by its WSGI environment."""
    peer = str(environ.get("REMOTE_ADDR", ""))
    forwarded_for = environ.get("HTTP_X_FORWARDED_FOR")
    # Without proxies, which is how nearly every request of a program comes, nothing need be parsed.
    return address_behind(peer, (forwarded_for,), trusted) if trusted and forwarded_for else peer


def caller_in(environ: Mapping[str, Any], trusted: Sequence[Network]) -> Caller:
    """Return who is at the other end of the request of a WSGI environ."""
    return Caller(address_in(environ, trusted), environ.get("HTTP_USER_AGENT", "")[:MAX_USER_AGENT])


def comes_from_trusted_proxy() -> bool:
    """Say whether the current request was passed on by a proxy that is trusted."""
    peer = _parsed(request.remote_addr or "")
    return peer is not None and _is_trusted(peer, current_app.config[TRUSTED])


def address_behind(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the rightmost address that no trusted proxy vouches for, or `peer` when that can't be told.

    `forwarded_for` holds the values of all X-Forwarded-For headers, in their order. Only what trusted
    proxies appended at the right end can be believed: everything further left is the client's own claim.
    """
    found = _parsed(peer)
    if found is None or not _is_trusted(found, trusted):
        return peer
    hops = ",".join(forwarded_for).split(",")[-MAX_HOPS:] if forwarded_for else []
    for hop in reversed(hops):
        claimed = _parsed(_without_port(hop.strip()))
        if claimed is None:
            return peer
        found = claimed
        if not _is_trusted(found, trusted):
            break
    return str(found)


def _is_trusted(address: ipaddress.IPv4Address | ipaddress.IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted if network.version == address.version)


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        # One person must not count twice by coming as ::ffff:192.0.2.1 and as 192.0.2.1.
        return address.ipv4_mapped or address
    return address
