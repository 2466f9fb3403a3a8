"""What a request at /authorize must fulfil, as an ordered table: each check reads one thing, or refuses.

To add a check: write the function, put it into CHECKS where it belongs, give it a test of its own.
"""

import re
from collections.abc import Callable

from sso_center.protocols.oidc.authorization_request import (
    AuthorizationRequest,
    InvalidRequest,
    InvalidScope,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestURINotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from sso_center.protocols.oidc.scope import is_well_formed

Check = Callable[[AuthorizationRequest], None]

PROMPTS = ("none", "login", "consent", "select_account")
MAX_AGE_DIGITS = 9

_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def check_parameters(request: AuthorizationRequest) -> None:
    """Each parameter stands there once and is text (RFC 6749 section 3.1)."""
    if request.parameters.broken:
        raise InvalidRequest(request.parameters.problem)


def check_not_by_object(request: AuthorizationRequest) -> None:
    """The request is made by parameters alone (OpenID Connect Core sections 6 and 7.2.1)."""
    if request.parameters.get("request") is not None:
        raise RequestNotSupported("Send parameters, not a request object.")
    if request.parameters.get("request_uri") is not None:
        raise RequestURINotSupported("Send parameters, not the address of a request object.")
    if request.parameters.get("registration") is not None:
        raise RegistrationNotSupported("Clients are registered by an administrator.")


def check_grant_type(request: AuthorizationRequest) -> None:
    """The client is registered for the code flow (RFC 6749 section 4.1.2.1)."""
    if "authorization_code" not in request.client.grant_types:
        raise UnauthorizedClient("The client is not registered for the code flow.")


def check_response_type(request: AuthorizationRequest) -> None:
    """Only the code flow: other flows put tokens into addresses (RFC 9700 section 2.1.2)."""
    response_type = request.parameters.get("response_type")
    if response_type is None:
        raise InvalidRequest("response_type is missing.")
    if response_type != "code":
        raise UnsupportedResponseType("The response_type must be code.")


def check_response_mode(request: AuthorizationRequest) -> None:
    """Only the query: a form that posts itself would need a script on a page of ours."""
    if request.parameters.get("response_mode") not in (None, "query"):
        raise InvalidRequest("The response_mode must be query.")


def check_scope(request: AuthorizationRequest) -> None:
    """Well formed and with `openid`; what is unknown is ignored (OpenID Connect Core section 3.1.2.1)."""
    scope = request.parameters.get("scope")
    if scope is None or not is_well_formed(scope):
        raise InvalidScope("The scope is missing or malformed.")
    if "openid" not in request.granted_scope:
        raise InvalidScope("The scope must hold openid, and the client be allowed to ask for it.")


def check_pkce(request: AuthorizationRequest) -> None:
    """S256, or nothing when the client has a secret; `plain` protects nothing (RFC 9700 section 2.1.1)."""
    challenge = request.parameters.get("code_challenge")
    method = request.parameters.get("code_challenge_method")
    if challenge is None:
        if request.client.is_public:
            raise InvalidRequest("A client without a secret must send a code_challenge.")
        if method is not None:
            raise InvalidRequest("code_challenge is missing.")
        return
    # Without a method the standard means plain.
    if method != "S256":
        raise InvalidRequest("The code_challenge_method must be S256.")
    if not _S256_CHALLENGE.fullmatch(challenge):
        raise InvalidRequest("The code_challenge is not a S256 challenge.")


def check_prompt(request: AuthorizationRequest) -> None:
    """Known values, and `none` alone (OpenID Connect Core section 3.1.2.1)."""
    if not request.prompt.issubset(PROMPTS):
        raise InvalidRequest("The prompt holds an unknown value.")
    if request.is_silent and len(request.prompt) > 1:
        raise InvalidRequest("The prompt none can't be combined.")


def check_max_age(request: AuthorizationRequest) -> None:
    """A number of seconds (OpenID Connect Core section 3.1.2.1)."""
    text = request.parameters.get("max_age")
    if text is not None and not (text.isascii() and text.isdigit() and len(text) <= MAX_AGE_DIGITS):
        raise InvalidRequest("The max_age must be a number of seconds.")


CHECKS: tuple[Check, ...] = (
    check_parameters,
    check_not_by_object,
    check_grant_type,
    check_response_type,
    check_response_mode,
    check_scope,
    check_pkce,
    check_prompt,
    check_max_age,
)
