"""The grant types: in which ways a client may come by tokens (RFC 6749 section 1.3). One line each.

To add one: a line here, which says what may be registered, and a file in protocols/oidc/grants, with its
function `grant`. The token endpoint, the discovery document, the rules of registration, the command line, the
console and the JSON API read this table. tests/extending/test_a_grant_type.py adds one.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class GrantType:
    """A way to a token. `name` is the one on the wire; `label` says to people what clients do with it.

    `is_login`: people sign in with it. `is_for_itself`: there is no person in it. What a client that is
    registered for it needs: an address that browsers come back to (`needs_redirect_uri`), a secret
    (`needs_secret`), or another grant type that is a login (`needs_login`).
    """

    name: str
    label: str
    is_login: bool = False
    is_for_itself: bool = False
    needs_redirect_uri: bool = False
    needs_secret: bool = False
    needs_login: bool = False

    @property
    def module(self) -> str:
        """The name of its file: the last part of a name such as urn:ietf:params:oauth:grant-type:x."""
        return self.name.rpartition(":")[2].replace("-", "_")


def N_(label: str) -> str:  # noqa: N802 - the name by which Babel finds what is translated later
    """Return what it is given: the pages look it up in their language."""
    return label


_TABLE = (
    GrantType("authorization_code", N_("people sign in by browser"), is_login=True, needs_redirect_uri=True),
    GrantType("refresh_token", N_("it stays signed in without asking"), needs_login=True),
    GrantType("client_credentials", N_("it acts for itself"), is_for_itself=True, needs_secret=True),
)

GRANT_TYPES: Mapping[str, GrantType] = {one.name: one for one in _TABLE}
LOGINS = tuple(one.name for one in _TABLE if one.is_login)
"""The names of those with which people sign in."""
