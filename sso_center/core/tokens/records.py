"""The shapes of tokens that other rooms see."""

from dataclasses import dataclass, field
from typing import Literal

from sso_center.core.grants import GrantRefused
from sso_center.core.users import User

Kind = Literal["access", "app", "refresh"]


@dataclass(frozen=True)
class Authentication:
    """How and when (ms since 1970) a person authenticated; `sid` is None for what outlives sessions."""

    auth_time: int
    acr: str
    amr: tuple[str, ...]
    sid: str | None


@dataclass(frozen=True)
class Redeemed:
    """The result of redeeming a grant, or of a refresh: then `refresh_token` is the successor.

    `expires_in` is in seconds; `stamp` (ms) is what cut-offs compare with. `nonce` is the client's, for the
    ID token. `ended` are the sids that were closed in the same step, for the caller to end.
    """

    access_token: str = field(repr=False)
    expires_in: int
    scope: tuple[str, ...]
    user: User
    authentication: Authentication
    refresh_token: str | None = field(repr=False)
    stamp: int
    nonce: str | None = None
    ended: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClientToken:
    """A client's own token; `expires_in` is in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: tuple[str, ...]


@dataclass(frozen=True)
class OfflineAccess:
    """A client's access to a person without a session, from `since` to at most `until` (ms)."""

    client_id: str
    scope: tuple[str, ...]
    since: int
    until: int


@dataclass(frozen=True)
class ActiveToken:
    """A token that counts now. `issued_at` and `expires_at` are seconds since 1970.

    `user` is None for a client's own token, `sid` for a token without a session. `successor` is the app token
    to use from now on, when rotation is due.
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
    """A token as it was issued, whether or not it counts now. `deadline` is in ms since 1970.

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
    """A refresh token is used in two places: the caller must end its family."""

    def __init__(self, family: str, sub: str, client_id: str) -> None:
        super().__init__("reuse")
        self.family = family
        self.sub = sub
        self.client_id = client_id


class ReusedApp(GrantRefused):
    """An app token is used in two places: the caller must end its session."""

    def __init__(self, sid: str) -> None:
        super().__init__("reuse")
        self.sid = sid


class ScopeRefused(GrantRefused):
    """More scope was asked for than was granted (RFC 6749 section 6); nothing was changed."""

    def __init__(self) -> None:
        super().__init__("scope")
