"""The center's answer to a login: from the browser's query to a grant, and from the grant to tokens."""

from dataclasses import dataclass, field
from typing import Any

from client_sdk.core.attempts import Attempt
from client_sdk.core.client_auth import form_request
from client_sdk.core.discovery import Metadata
from client_sdk.core.errors import LoginFailed, Unavailable
from client_sdk.core.settings import Settings
from client_sdk.core.transport import HttpRequest, HttpResponse
from client_sdk.core.web import single_values

UNTOLD_LIFETIME = 300
"""Seconds that an access token is taken to last when the center does not say (RFC 6749 section 5.1)."""
_PASSING = ("temporarily_unavailable", "server_error")


@dataclass(frozen=True, slots=True)
class Response:
    """What the browser brought back, parsed but not believed."""

    state: str
    code: str = field(repr=False)
    issuer: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A one-time code that answers a login of this browser, from the center that was asked."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the center gave for a grant; `expires_in` is how long the access token is good for, in seconds."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_in: int = 0


def read_response(query: str) -> Response:
    """Parse the query of the callback. Raises LoginFailed."""
    try:
        values = single_values(query)
    except ValueError as bad:
        raise LoginFailed("login_malformed", "The center's answer can't be read.") from bad
    return Response(values.get("state", ""), values.get("code", ""), values.get("iss"), values.get("error"))


def process_response(response: Response, metadata: Metadata) -> Grant:
    """Return the grant of a response whose state was found in the browser.

    Raises LoginFailed, when it comes from another issuer (mix-up, RFC 9207) or reports an error (RFC 6749
    section 4.1.2.1), and Unavailable when the center says that it is.
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


def build_token_request(
    metadata: Metadata, settings: Settings, grant: Grant, attempt: Attempt, redirect_uri: str
) -> HttpRequest:
    """Build the request that redeems a grant (RFC 6749 section 4.1.3). It must be sent only once."""
    form = {
        "grant_type": "authorization_code",
        "code": grant.code,
        "redirect_uri": redirect_uri,
        "code_verifier": attempt.verifier,
    }
    return form_request(
        metadata.token_endpoint, form, settings, takes_basic=metadata.takes_basic, is_repeatable=False
    )


def process_token_response(response: HttpResponse) -> Tokens:
    """Return the tokens, of which nothing is checked yet (RFC 6749 sections 5.1 and 5.2).

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


def read_tokens(document: dict[str, Any]) -> Tokens | None:
    """Return the tokens of an answer, "" for each that is missing; None when it can't be read."""
    names = ("id_token", "access_token", "refresh_token")
    texts = {name: document.get(name, "") for name in names}
    lifetime = document.get("expires_in", UNTOLD_LIFETIME)
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | float) or not 0 <= lifetime < 2**31:
        return None
    if not all(isinstance(text, str) for text in texts.values()):
        return None
    return Tokens(**texts, expires_in=int(lifetime))
