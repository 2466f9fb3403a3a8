"""Everything a login can give, and which of it still counts."""

from dataclasses import dataclass

from sso_center.core.clients import Client
from sso_center.core.users import User
from tests.harness.core import Core

OFFLINE = ("openid", "offline_access")

SESSIONS = frozenset({"session", "app"})
REFRESH = frozenset({"refresh", "refresh offline"})
ACCESS = frozenset({"opaque", "jwt", "opaque offline", "jwt offline"})
OF_SESSIONS = frozenset({"session", "app", "refresh", "opaque", "jwt"})
"""What hangs on a session: it dies with it, whatever else may be."""

ALL = SESSIONS | REFRESH | ACCESS


@dataclass(frozen=True)
class Sites:
    """A client for each format of access tokens."""

    opaque: Client
    jwt: Client
    app: Client


@dataclass(frozen=True)
class Belongings:
    """A person and what they and their sites hold, by name."""

    core: Core
    user: User
    sid: str
    held: dict[str, str]

    def alive(self) -> frozenset[str]:
        """Return the names of what still counts."""
        return frozenset(name for name, held in self.held.items() if self._counts(name, held))

    def _counts(self, name: str, held: str) -> bool:
        if name == "session":
            return self.core.services.sessions.visit(held).session is not None
        return self.core.services.tokens.find_active(held) is not None


def sites_of(core: Core) -> Sites:
    """Register a client for each format of access tokens."""
    refreshing = {
        "grant_types": ("authorization_code", "refresh_token"),
        "scopes": ("offline_access",),
        "id_token_alg": "ES256",
    }
    return Sites(
        opaque=core.site(**refreshing),
        jwt=core.site(**refreshing, access_token_format="jwt"),
        app=core.site(access_token_format="app"),
    )


def belongings_of(core: Core, sites: Sites, user: User) -> Belongings:
    """Sign a person in, and let each site get what it can."""
    opened = core.open(user)
    cookie = opened.cookie
    opaque = core.redeem(core.code(cookie, sites.opaque), sites.opaque)
    offline = core.redeem(core.code(cookie, sites.opaque, scope=OFFLINE), sites.opaque)
    jwt = core.redeem(core.code(cookie, sites.jwt), sites.jwt)
    jwt_offline = core.redeem(core.code(cookie, sites.jwt, scope=OFFLINE), sites.jwt)
    app = core.redeem(core.code(cookie, sites.app), sites.app)
    assert opaque.refresh_token is not None
    assert offline.refresh_token is not None
    # The first access token of a grant hangs on the session; those of an offline refresh token do not.
    refreshed = core.services.tokens.refresh(offline.refresh_token, client=sites.opaque, scope=None)
    assert jwt_offline.refresh_token is not None
    jwt_refreshed = core.services.tokens.refresh(jwt_offline.refresh_token, client=sites.jwt, scope=None)
    held = {
        "session": cookie,
        "opaque": opaque.access_token,
        "jwt": jwt.access_token,
        "app": app.access_token,
        "refresh": opaque.refresh_token,
        "refresh offline": refreshed.refresh_token,
        "opaque offline": refreshed.access_token,
        "jwt offline": jwt_refreshed.access_token,
    }
    return Belongings(core, user, opened.session.sid, held)
