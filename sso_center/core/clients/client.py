"""A client as other rooms see it: no secret, no hash."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sso_center.base.grant_types import LOGINS
from sso_center.base.settings import DAY
from sso_center.core.clients.protocol_settings import OIDC, ProtocolSettings

AccessTokenFormat = Literal["opaque", "jwt", "app"]

OFFLINE_ACCESS = "offline_access"
"""The scope for tokens that outlive the session (OpenID Connect Core section 11)."""

ADMIN_SCOPE = "sso:admin"
"""The scope with which a client may use the JSON API for admins. No person can grant it."""

NATIVE_LOOPBACK = ("127.0.0.1", "::1")
"""Hosts whose port may differ: a native app listens on whichever port is free (RFC 8252 section 7.3)."""


@dataclass(frozen=True)
class ClientFields:
    """What a client is registered with. Durations are in seconds.

    `is_strict`: an old secret of its chains works for a minute after the successor was first sent, not after
    its first use. `is_third_party`: people are asked for consent. `max_sessions`: how many sessions may have
    joined it at once, 0 for any number. `frontchannel_logout_uri`: the page that a browser loads unseen when
    it signs out, with `iss` and `sid` when `frontchannel_logout_session_required`. `protocol` names the
    façade that it speaks to; notices go to `backchannel_logout_uri` in every protocol.
    """

    client_id: str
    name: str = ""
    home_uri: str | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    is_public: bool = False
    scopes: tuple[str, ...] = ()
    id_token_alg: str = "RS256"  # noqa: S105 - an algorithm
    may_introspect: bool = False
    access_token_format: AccessTokenFormat = "opaque"  # noqa: S105 - a kind, not a token
    audiences: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code",)
    refresh_token_lifetime: int = 90 * DAY
    refresh_retry_window: int = 600
    is_strict: bool = False
    is_third_party: bool = False
    max_sessions: int = 0
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
    protocol: str = OIDC


@dataclass(frozen=True)
class Client(ClientFields):
    """A registered subsystem; `version` grows with every change. The settings are its protocol's own."""

    version: int = 0
    protocol_settings: ProtocolSettings | None = None

    @property
    def audience(self) -> tuple[str, ...]:
        """The audience of its access tokens: the APIs it named, else the client itself."""
        return self.audiences or (self.client_id,)

    @property
    def has_app_tokens(self) -> bool:
        """Whether it is an app with one rotating token in place of access and refresh tokens."""
        return self.access_token_format == "app"  # noqa: S105 - a kind, not a token

    @property
    def has_signed_tokens(self) -> bool:
        """Whether its access tokens are JWTs (RFC 9068)."""
        return self.access_token_format == "jwt"  # noqa: S105

    @property
    def has_logins(self) -> bool:
        """Whether people sign in at it."""
        return not set(self.grant_types).isdisjoint(LOGINS)

    @property
    def may_refresh(self) -> bool:
        """Whether it gets refresh tokens."""
        return "refresh_token" in self.grant_types

    def scopes_of(self, granted: Iterable[str]) -> tuple[str, ...]:
        """Return the part of a granted scope that the client is still registered with."""
        return tuple(scope for scope in granted if scope in self.scopes)

    def may_stay(self, sid: str) -> bool:
        """Whether it may act for a person in this session, or, when `sid` is '', without a session."""
        return sid != "" or OFFLINE_ACCESS in self.scopes

    def has_redirect_uri(self, uri: str) -> bool:
        """Say whether the browser may be redirected to `uri` with a grant: an exact match (RFC 9700 section
        2.1).

        Only the port of `http://127.0.0.1` or `http://[::1]` is free.
        """
        return uri in self.redirect_uris or _matches_loopback(uri, self.redirect_uris)

    def has_post_logout_redirect_uri(self, uri: str) -> bool:
        """Say whether the browser may be redirected to `uri` after a logout: an exact match."""
        return uri in self.post_logout_redirect_uris


def _matches_loopback(uri: str, registered: tuple[str, ...]) -> bool:
    portless = _without_loopback_port(uri)
    return portless is not None and any(portless == _without_loopback_port(one) for one in registered)


def _without_loopback_port(uri: str) -> str | None:
    """Return `uri` without its port when it is plain http to a loopback address, else None."""
    for host in NATIVE_LOOPBACK:
        start = f"http://[{host}]" if ":" in host else f"http://{host}"
        if not uri.startswith(start):
            continue
        rest = uri[len(start) :]
        if rest.startswith(":"):
            port = rest[1:].partition("/")[0].partition("?")[0]
            if not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 65536:
                return None
            rest = rest[1 + len(port) :]
        if rest[:1] not in ("", "/", "?") or "#" in rest:
            return None
        return start + rest
    return None
