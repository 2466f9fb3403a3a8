"""What a user let third-party clients have: how it grows, and how it is taken away."""

from collections.abc import Iterable
from dataclasses import replace

from sso_center.core.users.user import Consent, User


def with_consent(user: User, client_id: str, scope: Iterable[str], at: int) -> User:
    """Return the user with these scopes for a client, besides those it had, as of that moment (ms)."""
    earlier = user.consent_to(client_id)
    whole = {*scope, *(earlier.scope if earlier else ())}
    others = without_consent(user, client_id).consents
    given = (*others, Consent(client_id, tuple(sorted(whole)), at))
    return replace(user, consents=tuple(sorted(given, key=lambda one: one.client_id)))


def without_consent(user: User, client_id: str) -> User:
    """Return the user with nothing for a client."""
    return replace(user, consents=tuple(one for one in user.consents if one.client_id != client_id))
