"""Access tokens that are JWTs (`at+jwt`): what can be checked without asking (RFC 9068 section 4)."""

from dataclasses import dataclass

from client_sdk.core.errors import TokenRefused
from client_sdk.core.http.jwks import KeySet
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.jwt import Claims, verify
from client_sdk.core.tokens.token import Token, names_in, texts_in


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token that the center signed for us; whether it was taken back meanwhile is another question."""

    token: Token
    jti: str


def is_jwt(text: str) -> bool:
    """Say whether a token is to be judged as a JWT: it begins like a JSON header and has three parts.

    The center's opaque tokens begin with two hexadecimal digits, so none of them does.
    """
    return text.startswith("eyJ") and text.count(".") == 2


def validate(text: str, keys: KeySet, settings: Settings, audience: str, now: int) -> VerifiedToken:
    """Return what a JWT says; `now` is in milliseconds since 1970. Raises TokenRefused.

    The key is found by its id among those of the center: `jku`, `jwk`, `x5u` and `x5c`, by which a token
    would bring its own, are never looked at.
    """
    claims = verify(text, keys, algorithms=settings.algorithms, types=("at+jwt",))
    token = _token(claims)
    _check_issuer(claims, settings.issuer)
    check_audience(token, audience)
    _check_time(claims, now / 1000, settings.leeway)
    return VerifiedToken(token, claims.text("jti"))


def check_audience(token: Token, audience: str) -> None:
    """Check that a token is for the API called `audience`. Raises TokenRefused."""
    if audience not in token.audience:
        raise TokenRefused(
            "token_audience", "The token is for others.", expected=audience, actual=token.audience
        )


def _token(claims: Claims) -> Token:
    values = claims.values
    scope, roles = names_in(values.get("scope")), texts_in(values.get("roles"))
    audience = texts_in(values.get("aud"))
    if scope is None or roles is None or audience is None:
        raise TokenRefused("token_claim", "The token's lists can't be read.", expected="scope, roles, aud")
    sub, client_id = claims.text("sub"), claims.text("client_id")
    return Token(
        sub=sub,
        client_id=client_id,
        sid=claims.text("sid") if "sid" in values else "",
        username="",
        scope=scope,
        roles=roles,
        audience=audience,
        kind="client" if sub == client_id else "access",
        issued_at=claims.seconds("iat"),
        expires_at=claims.seconds("exp"),
    )


def _check_issuer(claims: Claims, issuer: str) -> None:
    actual = claims.values.get("iss")
    if actual != issuer:
        raise TokenRefused("token_issuer", "The token is of another issuer.", expected=issuer, actual=actual)


def _check_time(claims: Claims, seconds: float, leeway: float) -> None:
    expires, issued = claims.seconds("exp"), claims.seconds("iat")
    starts = claims.seconds("nbf") if "nbf" in claims.values else issued
    if seconds >= expires + leeway:
        raise TokenRefused(
            "token_expired", "The token has expired.", expected=f"> {seconds:.0f}", actual=expires
        )
    if max(issued, starts) > seconds + leeway:
        raise TokenRefused(
            "token_from_future",
            "The token does not count yet.",
            expected=f"<= {seconds:.0f}",
            actual=max(issued, starts),
        )
