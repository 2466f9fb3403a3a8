"""The durable store: reachable, at the right migration, its keys readable, its clients well set up."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sso_center.base.settings import Settings
from sso_center.base.urls import is_loopback_name
from sso_center.cli.doctor.finding import Finding, fail, ok, warn
from sso_center.cli.failures import named_database
from sso_center.core.keys.ring import State
from sso_center.services import Services
from sso_center.storage.migrate import current_revision
from sso_center.storage.schema import REVISION
from sso_center.storage.sql import Database

DAY = 86_400_000
OLD_KEY = 120 * DAY
"""Milliseconds; the courier rotates after 90 days, so an older key means that none runs."""


def look_at_tables(settings: Settings, database: Database) -> Finding:
    """Say whether the tables are there and up to date. Raises Unavailable."""
    name = named_database(settings)
    is_missing = database.is_sqlite and not Path(str(database.url.database)).exists()
    found = None if is_missing else current_revision(database)
    if found is None:
        return warn("SQL", f"{name} has no tables yet; the first start makes them")
    if found != REVISION:
        return warn("SQL", f"{name} is at migration {found}, this program at {REVISION}; serve migrates it")
    return ok("SQL", f"{name} answers, at migration {found}")


def look_at_keys(services: Services) -> Iterator[Finding]:
    """Say whether keys can be decrypted and are rotated. Raises Unavailable, SettingsError."""
    stored, now = services.keys.stored(), services.clock()
    old = [
        key.purpose
        for key in stored
        if key.state == State.ACTIVE and now - (key.activated_at or key.created_at) > OLD_KEY
    ]
    if old:
        yield warn(
            "signing keys", f"those for {', '.join(old)} are older than 120 days: is the courier running?"
        )
    else:
        yield ok("signing keys", f"{len(stored)}, all can be decrypted")


def look_at_clients(services: Services) -> Iterator[Finding]:
    """Look for clients whose settings are a risk or leave people signed in. Raises Unavailable."""
    registered = services.clients.list()
    yield ok("clients", f"{len(registered)} registered")
    for client in registered:
        if plain := [url for url in client.redirect_uris if _is_plain(url)]:
            yield fail("clients", f"{client.client_id}: {plain[0]} brings grants over plain http")
        if not client.backchannel_logout_uri and not client.is_public and client.has_logins:
            yield warn(
                "clients", f"{client.client_id} has no --backchannel-logout-uri: it is not told of logouts"
            )


def _is_plain(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback_name(parts.hostname or "")
