"""Refusals that a program reads, one class a code of the standards.

The message goes out and repeats nothing that was sent; `detail` goes to the log.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from sso_center.base.errors import SSOError

REALM = 'realm="sso"'


class APIError(SSOError):
    """A refusal: `status` of HTTP, `code` for the program, more `headers` where a standard asks for them.

    `text` is the message of a kind that has but one. `members` are said besides the code and the message.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid_request"
    text: ClassVar[str] = ""
    headers: tuple[tuple[str, str], ...] = ()
    members: Mapping[str, str] = MappingProxyType({})

    def __init__(self, message: str = "", *, detail: str = "") -> None:
        super().__init__(message or self.text, detail=detail)


class InvalidRequest(APIError):
    """The request is malformed (RFC 6749 section 5.2)."""


class InvalidMember(APIError):
    """A part of the request can't be accepted; `field` names the member or parameter, where it is one."""

    def __init__(self, message: str, *, field: str, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.members = {"field": field} if field else {}


class ResourceNotFound(APIError):
    """What the address names does not exist (any more)."""

    status = 404
    code = "not_found"


class ResourceConflict(APIError):
    """What was asked for clashes with what there is, such as a name already taken."""

    status = 409
    code = "conflict"


class TooLarge(APIError):
    """More was sent than any honest client sends."""

    status = 413


class NotAcceptable(APIError):
    """Nothing that the caller accepts can be sent (RFC 9110 section 15.5.7)."""

    status = 406
    code = "not_acceptable"


class WrongMethod(APIError):
    """The endpoint does not know this method (RFC 9110 section 15.5.6)."""

    status = 405

    def __init__(self, methods: tuple[str, ...]) -> None:
        super().__init__(f"Use {' or '.join(methods)}.")
        self.headers = (("Allow", ", ".join(methods)),)


class Overloaded(APIError):
    """So many have what was asked for already that one more would cost everyone (RFC 9110 section 15.6.4)."""

    status = 503
    code = "temporarily_unavailable"
    headers = (("Retry-After", "5"),)


class InvalidClient(APIError):
    """The client did not prove who it is (RFC 6749 section 5.2); the answer never says what was wrong."""

    status = 401
    code = "invalid_client"
    text = "The client could not be authenticated."
    # A 401 must have a challenge (RFC 9110 section 11.6.1).
    headers = (("WWW-Authenticate", f'Basic {REALM}, charset="UTF-8"'),)


class InvalidGrant(APIError):
    """A code or a refresh token was not accepted (RFC 6749 section 5.2); mostly only the log learns why."""

    code = "invalid_grant"
    text = "The code or token is not valid here, or not any more."


class AuthorizationPending(APIError):
    """Nobody has said yes or no yet: the client asks again later (RFC 8628 section 3.5)."""

    code = "authorization_pending"
    text = "Nobody has answered yet."


class InvalidScope(APIError):
    """The scope is malformed, or more than this client may have here (RFC 6749 section 5.2)."""

    code = "invalid_scope"


class UnauthorizedClient(APIError):
    """The client is not registered for this way to a token (RFC 6749 section 5.2)."""

    code = "unauthorized_client"
    text = "The client is not registered for this grant_type."


class UnsupportedGrantType(APIError):
    """The center does not know this way to a token (RFC 6749 section 5.2)."""

    code = "unsupported_grant_type"


class BearerError(APIError):
    """A refusal whose challenge says what was wrong with the token (RFC 6750 section 3)."""

    def __init__(self, message: str = "", *, detail: str = "", more: str = "") -> None:
        super().__init__(message, detail=detail)
        said = f'Bearer {REALM}, error="{self.code}", error_description="{self.message}"{more}'
        self.headers = (("WWW-Authenticate", said),)


class MissingToken(APIError):
    """No token came along, so the challenge names no error (RFC 6750 section 3.1)."""

    status = 401
    text = "Send an access token."
    headers = (("WWW-Authenticate", f"Bearer {REALM}"),)


class InvalidToken(BearerError):
    """The token is not one of ours, expired, or taken back (RFC 6750 section 3.1)."""

    status = 401
    code = "invalid_token"
    text = "The access token is not valid, or not any more."


class InsufficientScope(BearerError):
    """The token is good, and not for this (RFC 6750 section 3.1); `scope` is what it would take."""

    status = 403
    code = "insufficient_scope"
    text = "The access token was not given for this."

    def __init__(self, scope: str) -> None:
        super().__init__(more=f', scope="{scope}"')


class InvalidBearerRequest(BearerError):
    """The token came in a way that can't be accepted (RFC 6750 section 3.1)."""
