"""Where a person goes after signing in, and for which site they do it."""

from dataclasses import dataclass

from sso_center.base.urls import is_local_path
from sso_center.web.sign_in import waiting_site

HOME = "/account"


@dataclass(frozen=True)
class Destination:
    """A path on this host; `client_name` is the site that waits there, if one does."""

    address: str
    client_name: str | None
    asks_again: bool
    """Whether signing in is asked even of somebody who is signed in (`prompt=login` and the like)."""


def destination_of(wanted: str, *, again: bool) -> Destination:
    """Return the destination for the wanted path; the account page when it isn't a path on this host."""
    if not is_local_path(wanted):
        return Destination(HOME, None, again)
    return Destination(wanted, waiting_site(wanted), again)
