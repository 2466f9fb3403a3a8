"""Grant types of /token, one file each.

A grant type is a function from a TokenRequest to what was Granted. token.py owns what all share: the form,
the client's authentication, the answer. To add one: write its file, put its function into token.GRANT_TYPES.
"""

from dataclasses import dataclass

from sso_center.core.clients import Client
from sso_center.protocols.parameters import Parameters


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request at /token whose client has proved who it is, or has no secret to prove it with."""

    client: Client
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Granted:
    """What a grant gave; `expires_in` is in seconds."""

    access_token: str
    expires_in: int
    scope: tuple[str, ...]
    id_token: str
