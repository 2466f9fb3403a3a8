"""Access tokens as text: opaque or signed, made and read."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sso_center.base.secrets import hashed, new_secret, shard_in
from sso_center.core.clients import Client
from sso_center.core.keys import Keys
from sso_center.core.tokens.records import Authentication
from sso_center.core.users import User

TYPE = "at+jwt"
"""The type in the header of a signed access token (RFC 9068 section 2.1)."""

MAX_OPAQUE = 200
MAX_JWT = 8192


@dataclass(frozen=True)
class AccessTokenClaims:
    """The content of an access token. Instants are milliseconds since 1970.

    `family` is '' for a client's own token, whose `number` is then its whole jti.
    """

    client: Client
    sub: str
    sid: str
    scope: str
    stamp: int
    deadline: int
    epoch: int
    family: str
    number: str

    @property
    def jti(self) -> str:
        """The token's id, which is no secret."""
        return f"{self.family}.{self.number}" if self.family else self.number


@dataclass(frozen=True)
class FindActiveCall:
    """The arguments for find_active.lua; `audience` is the one in the token itself, None when it has none."""

    shard: str
    arguments: Mapping[str, str | int]
    audience: tuple[str, ...] | None = None

    @property
    def is_jwt(self) -> bool:
        """Whether the token says itself what it stands for."""
        return self.audience is not None


class AccessTokens:
    """Makes and reads access tokens in the format their client chose. Knows no store."""

    def __init__(self, keys: Keys, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer

    def candidate(self, client: Client, shard: str, refresh_secret: str | None = None) -> tuple[str, str]:
        """Return an opaque token and its hash, before it is known whether it is issued; '' twice for a JWT.

        After a refresh it is derived from the refresh token's secret and one of ours: a retry gets the same
        token although nothing stored reveals it.
        """
        if client.has_signed_tokens:
            return "", ""
        token = new_secret(shard) if refresh_secret is None else shard + self._derived(refresh_secret)
        return token, hashed(token)

    def _derived(self, refresh_secret: str) -> str:
        # Not the HMAC that gives the next refresh token: neither may be derived from the other. With a secret
        # of ours: a thief of a spent refresh token must not derive the access token that it gave.
        ours = self._keys.cookie_secrets("access token")[-1]
        digest = hmac.new(refresh_secret.encode(), ours.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def signed(
        self, issue: AccessTokenClaims, user: User | None, authentication: Authentication | None
    ) -> str:
        """Return a JWT access token (RFC 9068 section 2.2); `stamp` and `epoch` are ours, for cut-offs.

        The same claims give the same text: the signatures are deterministic.
        """
        audience = issue.client.audience
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": issue.sub,
            "aud": audience[0] if len(audience) == 1 else audience,
            "exp": issue.deadline // 1000,
            "nbf": issue.stamp // 1000,
            "iat": issue.stamp // 1000,
            "jti": issue.jti,
            "client_id": issue.client.client_id,
            "scope": issue.scope,
            "stamp": issue.stamp,
            "epoch": issue.epoch,
        }
        if issue.sid:
            claims["sid"] = issue.sid
        if user is not None:
            claims["roles"] = user.roles
        if authentication is not None:
            claims["auth_time"] = authentication.auth_time // 1000
            claims["acr"] = authentication.acr
            claims["amr"] = authentication.amr
        return self._keys.sign(claims, issue.client.id_token_alg, TYPE)

    def read(self, token: str) -> "FindActiveCall | None":
        """Return the arguments for find_active.lua, or None when the token is none of ours."""
        if "." not in token:
            shard = shard_in(token)
            if shard is None or len(token) > MAX_OPAQUE:
                return None
            return FindActiveCall(shard, {"hash": hashed(token)})
        return self._read_jwt(token)

    def _read_jwt(self, token: str) -> "FindActiveCall | None":
        claims = self._keys.verify(token, audience=None, typ=TYPE) if len(token) <= MAX_JWT else None
        if claims is None or claims.get("iss") != self._issuer:
            return None
        family, _, number = claims["jti"].rpartition(".")
        shard = shard_in(claims["jti"])
        if shard is None:
            return None
        audience = claims["aud"]
        return FindActiveCall(
            shard,
            {
                "client": claims["client_id"],
                "sub": claims["sub"],
                "sid": claims.get("sid", ""),
                "scope": claims["scope"],
                "stamp": claims["stamp"],
                "deadline": claims["exp"] * 1000,
                "epoch": claims["epoch"],
                "family": family,
                "number": number,
            },
            (audience,) if isinstance(audience, str) else tuple(audience),
        )


def left_of(deadline: int, now: int) -> int:
    """Return how many seconds are left until a deadline, rounded up; both arguments are in milliseconds."""
    return max(-((now - deadline) // 1000), 0)
