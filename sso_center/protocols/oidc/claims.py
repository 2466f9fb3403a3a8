"""What a site learns of a person, by scope; alike in ID tokens, at /userinfo and in discovery."""

from collections.abc import Collection
from typing import Any

from sso_center.core.users import User

SCOPES = ("openid", "profile", "email")
CLAIMS = ("sub", "name", "preferred_username", "email", "email_verified", "roles")


def claims_of(user: User, scope: Collection[str]) -> dict[str, Any]:
    """Return the claims on `user` that `scope` gives (OpenID Connect Core sections 5.1 and 5.4).

    Empty ones are left out. Roles are always there: every site needs them to know what a person may do.
    Nobody verifies addresses here, and `email_verified` says so: a site must not join accounts by them.
    """
    claims: dict[str, Any] = {"sub": user.sub, "roles": user.roles}
    if "profile" in scope:
        claims["preferred_username"] = user.username
        if user.name:
            claims["name"] = user.name
    if "email" in scope and user.email:
        claims["email"] = user.email
        claims["email_verified"] = False
    return claims
