"""What an API knows of the token that a request came with."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["access", "app", "client"]
"""An access token of a person, an app's rotating token, or an access token that a client has for itself."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that counts, as the center described it; it is about a person unless `kind` is "client".

    `client_id` is who holds it, `audience` whom it is for, `roles` what the person has now. `sid` is "" for
    a token that no session stands behind. Both times are in seconds since 1970, by the center's clock.
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

    def has_scope(self, *needed: str) -> bool:
        """Say whether the token was given all of the `needed` scopes."""
        return all(scope in self.scope for scope in needed)

    def has_roles(self, *needed: str) -> bool:
        """Say whether the person has all of the `needed` roles."""
        return all(role in self.roles for role in needed)


def names_in(value: Any) -> tuple[str, ...] | None:
    """Return the names of a space-separated list, as `scope` is one; None when it is no text."""
    if value is None:
        return ()
    return tuple(value.split()) if isinstance(value, str) else None


def texts_in(value: Any) -> tuple[str, ...] | None:
    """Return one text or a list of texts, as `aud` may be either; None when it is neither."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    is_list = isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    return tuple(value) if is_list else None
