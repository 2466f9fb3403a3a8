"""What an API knows of the token that a request came with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["access", "app", "client"]
"""An access token of a person, an app's rotating token, or an access token that a client has for itself."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that counts, as the center described it; it is about a person unless `kind` is "client".

    `client_id` is the client that holds it, `audience` names the APIs that may accept it, `roles` are those
    the person has now. `sid` is "" for a token without a session. Both times are in seconds since 1970, by
    the center's clock.
    """

    sub: str
    client_id: str
    sid: str
    username: str
    scope: tuple[str, ...]
    roles: tuple[str, ...]
    audience: tuple[str, ...]
    kind: Kind
    issued_at: float
    expires_at: float

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "Token":
        """Return the token that these claims describe (RFC 9068, RFC 7662). Raises ValueError."""
        sub, client_id = _text(claims, "sub"), _text(claims, "client_id")
        is_app, is_own = claims.get("kind") == "app", sub == client_id
        return cls(
            sub=sub,
            client_id=client_id,
            sid=_text(claims, "sid", ""),
            username=_text(claims, "username", ""),
            scope=tuple(_text(claims, "scope", "").split()),
            roles=_texts(claims, "roles"),
            audience=_texts(claims, "aud"),
            kind="app" if is_app else "client" if is_own else "access",
            issued_at=_seconds(claims, "iat"),
            expires_at=_seconds(claims, "exp"),
        )

    def has_scope(self, *needed: str) -> bool:
        """Say whether the token was given all of the `needed` scopes."""
        return all(scope in self.scope for scope in needed)

    def has_roles(self, *needed: str) -> bool:
        """Say whether the person has all of the `needed` roles."""
        return all(role in self.roles for role in needed)


@dataclass(frozen=True, slots=True)
class CheckedToken:
    """A token that passed a check: of its signature here, or by the center.

    `jti` is "" when the center names none. `successor` is an app's next token when the center says that the
    present one is due for rotation, else "".
    """

    token: Token
    jti: str
    successor: str = field(default="", repr=False)

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "CheckedToken":
        """Return what introspection says of a token that counts. Raises ValueError."""
        return cls(Token.from_claims(claims), _text(claims, "jti", ""), _text(claims, "successor", ""))


def _text(claims: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = claims.get(name, default)
    if not isinstance(value, str) or (not value and default is None):
        raise ValueError(name)
    return value


def _texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return one text or a list of texts, as `aud` may be either."""
    value = claims.get(name, [])
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(name)
    return tuple(texts)


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        raise ValueError(name)
    return float(value)
