"""Access tokens that are JWTs (`at+jwt`): what can be checked without asking (RFC 9068 section 4)."""

from client_sdk.core.errors import TokenRefused
from client_sdk.core.http.jwks import KeySet
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.jwt import check_issuer, check_time, verify
from client_sdk.core.tokens.token import CheckedToken, Token


def is_jwt(text: str) -> bool:
    """Say whether a token is to be judged as a JWT: it begins like a JSON header and has three parts.

    The center's opaque tokens begin with two hexadecimal digits, so none of them does.
    """
    return text.startswith("eyJ") and text.count(".") == 2


def validate(text: str, keys: KeySet, settings: Settings, audience: str, now: int) -> CheckedToken:
    """Return what a JWT says; `now` is in milliseconds since 1970. Raises TokenRefused.

    The key is found by its id among those of the center. A token can't bring its own: `jku`, `jwk`, `x5u` and
    `x5c` are never read.
    """
    claims = verify(text, keys, algorithms=settings.algorithms, types=("at+jwt",))
    try:
        token = Token.from_claims(claims.values)
    except ValueError as bad:
        raise TokenRefused("token_claim", "A claim of the token can't be read.", expected=str(bad)) from bad
    check_issuer(claims, settings.issuer)
    check_audience(token, audience)
    check_time(claims, now, settings.leeway)
    return CheckedToken(token, claims.text("jti"))


def check_audience(token: Token, audience: str) -> None:
    """Check that a token is for the API called `audience`. Raises TokenRefused."""
    if audience not in token.audience:
        raise TokenRefused(
            "token_audience", "The token is for others.", expected=audience, actual=token.audience
        )
