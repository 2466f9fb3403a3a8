"""The center's answer to a login: the browser's query gives a grant, and the grant gives tokens."""

from dataclasses import dataclass, field

from client_sdk.core.errors import LoginFailed, Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.http.discovery import Metadata
from client_sdk.core.http.transport import HttpResponse
from client_sdk.core.login.attempts import LoginAttempt
from client_sdk.core.tokens.token_response import TokenResponse, read_tokens
from client_sdk.core.web.messages import single_values

_PASSING = ("temporarily_unavailable", "server_error")


@dataclass(frozen=True, slots=True)
class Response:
    """The browser's query, parsed but not verified."""

    state: str
    code: str = field(repr=False)
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A one-time code for a login of this browser, from the expected center."""

    code: str = field(repr=False)


def read_response(query: str) -> Response:
    """Parse the query of the callback. Raises LoginFailed."""
    try:
        values = single_values(query)
    except ValueError as bad:
        raise LoginFailed("login_malformed", "The center's answer can't be read.") from bad
    return Response(values.get("state", ""), values.get("code", ""), values.get("iss"), values.get("error"))


def process_response(response: Response, metadata: Metadata) -> Grant:
    """Return the grant of a response whose attempt was found.

    Raises LoginFailed when it comes from another issuer (mix-up, RFC 9207) or reports an error (RFC 6749
    section 4.1.2.1), and Unavailable when the center reports that it is unavailable.
    """
    if response.issuer != metadata.issuer and (
        response.issuer is not None or metadata.names_issuer_in_responses
    ):
        raise LoginFailed(
            "login_issuer",
            "The answer is of another issuer.",
            expected=metadata.issuer,
            actual=response.issuer,
        )
    if response.error in _PASSING:
        raise Unavailable("center_failed", "The center can't log anyone in just now.", actual=response.error)
    if response.error is not None:
        raise LoginFailed(
            "login_denied", "The center logged nobody in.", expected="a code", actual=response.error[:64]
        )
    if not response.code:
        raise LoginFailed("login_malformed", "The center's answer has no code.")
    return Grant(response.code)


def redeem(center: Center, grant: Grant, attempt: LoginAttempt, redirect_uri: str) -> TokenResponse:
    """Redeem a grant, once (RFC 6749 section 4.1.3). Raises LoginFailed, Unavailable."""
    form = {
        "grant_type": "authorization_code",
        "code": grant.code,
        "redirect_uri": redirect_uri,
        "code_verifier": attempt.verifier,
    }
    endpoint = center.metadata().token_endpoint
    return process_token_response(center.post_form(endpoint, form, is_repeatable=False))


def process_token_response(response: HttpResponse) -> TokenResponse:
    """Return the tokens, not yet verified (RFC 6749 sections 5.1 and 5.2).

    Raises LoginFailed when the center refused, Unavailable when it could not answer.
    """
    if response.status >= 500 or response.status == 429:
        raise Unavailable("center_failed", "The center can't redeem just now.", actual=response.status)
    document = response.json_object()
    if response.status != 200:
        error = str(document.get("error", ""))[:64]
        if error in ("invalid_client", "unauthorized_client"):
            raise LoginFailed(
                "login_client_refused",
                "The center does not accept client_id and client_secret.",
                actual=error,
            )
        raise LoginFailed("login_grant_refused", "The center did not accept the code.", actual=error)
    tokens = read_tokens(document)
    if tokens is None or not tokens.id_token:
        raise LoginFailed("login_malformed", "The center gave no ID token.")
    return tokens
