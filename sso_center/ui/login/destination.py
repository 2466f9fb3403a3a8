"""Where a person goes after signing in, and for which site they do it."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from sso_center.base.errors import NotFound
from sso_center.base.urls import is_local_path
from sso_center.services import Services

HOME = "/account"


@dataclass(frozen=True)
class Destination:
    """A path on this host; `client_name` is the site that waits there, if one does."""

    address: str
    client_name: str | None
    asks_again: bool
    """Whether signing in is asked even of somebody who is signed in (`prompt=login` and the like)."""


def destination_of(services: Services, wanted: str, *, again: bool) -> Destination:
    """Return the destination for the wanted path; the account page when it isn't a path on this host."""
    if not is_local_path(wanted):
        return Destination(HOME, None, again)
    parts = urlsplit(wanted)
    if parts.path != "/authorize":
        return Destination(wanted, None, again)
    return Destination(wanted, _client_name(services, parts.query), again)


def _client_name(services: Services, query: str) -> str | None:
    try:
        client_id = dict(parse_qsl(query, max_num_fields=100)).get("client_id", "")
        return services.clients.get(client_id).name
    except (NotFound, ValueError):
        # Whoever made up this address will hear more of it at /authorize.
        return None
