"""Grant types of /token, one file each.

A grant type is a line in base/grant_types.py and a file here with a function `grant`, from a
TokenRequest to what was Granted. token.py owns what all share: the form, the client's authentication, whether
it is registered for the grant type, the answer; and what no grant may forget: that a replay or a reuse ends
what was given, and that the sessions which a grant replaced are recorded.
"""

from dataclasses import dataclass, field

from sso_center.core.clients import Client
from sso_center.core.tokens import Redeemed
from sso_center.protocols.api_errors import InvalidScope
from sso_center.protocols.oidc import id_token
from sso_center.protocols.oidc.scope import is_well_formed, listed
from sso_center.protocols.parameters import Parameters
from sso_center.services import Services


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request at /token whose client has proved who it is, or has no secret to prove it with.

    `address` and `user_agent` are the caller's: for an app they tell the device.
    """

    client: Client
    parameters: Parameters
    address: str = ""
    user_agent: str = ""

    @property
    def scope(self) -> tuple[str, ...] | None:
        """What scope is asked for, None when that is left open. Raises InvalidScope when it is malformed."""
        text = self.parameters.get("scope")
        if text is None:
            return None
        if not is_well_formed(text):
            raise InvalidScope("The scope is malformed.")
        return listed(text)


@dataclass(frozen=True, slots=True)
class Granted:
    """What a grant gave; `expires_in` is in seconds. `ended` are the sids of sessions that it closed."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: tuple[str, ...]
    id_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    ended: tuple[str, ...] = ()


def granted_by_login(services: Services, client: Client, redeemed: Redeemed) -> Granted:
    """Return what a grant gives that somebody signed in for: the tokens, and who it is."""
    return Granted(
        redeemed.access_token,
        redeemed.expires_in,
        redeemed.scope,
        id_token.issue(services, client, redeemed, nonce=redeemed.nonce),
        redeemed.refresh_token,
        redeemed.ended,
    )
