"""A user's consents to third-party clients: how they grow, and how they are withdrawn."""

from collections.abc import Iterable
from dataclasses import replace

from sso_center.core.users.user import Consent, User


def with_consent(user: User, client_id: str, scope: Iterable[str], at: int) -> User:
    """Return the user with these scopes added to the consent for a client, as of that moment (ms)."""
    earlier = user.consent_to(client_id)
    whole = {*scope, *(earlier.scope if earlier else ())}
    others = without_consent(user, client_id).consents
    given = (*others, Consent(client_id, tuple(sorted(whole)), at))
    return replace(user, consents=tuple(sorted(given, key=lambda one: one.client_id)))


def without_consent(user: User, client_id: str) -> User:
    """Return the user without consent for a client."""
    return replace(user, consents=tuple(one for one in user.consents if one.client_id != client_id))
