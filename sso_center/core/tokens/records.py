"""What tokens are, as everything else sees them."""

from dataclasses import dataclass, field
from typing import Literal

from sso_center.core.grants import GrantRefused
from sso_center.core.users import User

Kind = Literal["access", "app", "refresh"]


@dataclass(frozen=True)
class Authentication:
    """How and when (ms since 1970) a person proved who they are; `sid` None outlives sessions."""

    auth_time: int
    acr: str
    amr: tuple[str, ...]
    sid: str | None


@dataclass(frozen=True)
class Redeemed:
    """What a grant gave. `expires_in` is in seconds; `nonce` is the client's, for the ID token.

    `stamp` (ms) is what cut-offs count against. `ended` are the sids that were closed in the same step, for
    whoever asked to end.
    """

    access_token: str = field(repr=False)
    expires_in: int
    scope: tuple[str, ...]
    nonce: str | None
    user: User
    authentication: Authentication
    refresh_token: str | None = field(repr=False)
    ended: tuple[str, ...]
    stamp: int


@dataclass(frozen=True)
class Refreshed:
    """What a refresh token gave; `refresh_token` is its successor, `expires_in` in seconds.

    `stamp` (ms) is what cut-offs count against.
    """

    access_token: str = field(repr=False)
    expires_in: int
    scope: tuple[str, ...]
    user: User
    authentication: Authentication
    refresh_token: str = field(repr=False)
    stamp: int


@dataclass(frozen=True)
class ClientToken:
    """A client's own token; `expires_in` is in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: tuple[str, ...]


@dataclass(frozen=True)
class OfflineAccess:
    """That a client may act for a person without a session, from `since` to `until` at most (ms)."""

    client_id: str
    scope: tuple[str, ...]
    since: int
    until: int


@dataclass(frozen=True)
class ActiveToken:
    """A token that counts right now. `issued_at` and `expires_at` are seconds since 1970.

    `user` is None for a client's own token, `sid` for what hangs on no session. `successor` is the app
    token to be used from now on, when rotation is due.
    """

    kind: Kind
    client_id: str
    sub: str
    sid: str | None
    scope: tuple[str, ...]
    issued_at: int
    expires_at: int
    user: User | None
    audience: tuple[str, ...]
    jti: str
    family: str | None
    successor: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class RevocableToken:
    """A token as it was given, whether or not it counts just now. `deadline` is in ms since 1970.

    `jti` is the family's name for an app or refresh token; `family` is None for a client's own token.
    """

    kind: Kind
    client_id: str
    sub: str
    sid: str | None
    family: str | None
    jti: str
    deadline: int


class ReusedToken(GrantRefused):
    """A refresh token is used in two places: its family must end, whoever asked."""

    def __init__(self, family: str, sub: str, client_id: str) -> None:
        super().__init__("reuse")
        self.family = family
        self.sub = sub
        self.client_id = client_id


class ReusedApp(GrantRefused):
    """An app token is used in two places: its session must end."""

    def __init__(self, sid: str) -> None:
        super().__init__("reuse")
        self.sid = sid


class ScopeRefused(GrantRefused):
    """More was asked for than was granted (RFC 6749 section 6); nothing was changed."""

    def __init__(self) -> None:
        super().__init__("scope")
