"""grant_type=client_credentials: a token of the client's own, with no person in it (RFC 6749 section 4.4)."""

from sso_center.protocols.api_errors import InvalidScope
from sso_center.protocols.oidc.grants import Granted, TokenRequest
from sso_center.protocols.oidc.scope import without_people
from sso_center.services import Services


def grant(services: Services, request: TokenRequest) -> Granted:
    """Give the client a token of its own: with the scope asked for, or with all that it is registered with.

    Raises InvalidScope for a scope it is not registered with or that speaks of a person, and Unavailable.
    """
    registered = without_people(request.client.scopes, services.settings.profile)
    scope = registered if request.scope is None else request.scope
    if not set(scope).issubset(registered):
        raise InvalidScope("The scope holds what this client may not have for itself.")
    token = services.tokens.issue_to_client(request.client, scope)
    return Granted(token.access_token, token.expires_in, token.scope)
