"""Refusals that a program reads, one class a code of the standards.

The message goes out and repeats nothing that was sent; `detail` goes to the log.
"""

from typing import ClassVar

from sso_center.base.errors import SSOError

REALM = 'realm="sso"'


class APIError(SSOError):
    """A refusal: `status` of HTTP, `code` for the program, more `headers` where a standard asks for them."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid_request"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers that belong to this refusal."""
        return ()

    @property
    def members(self) -> dict[str, str]:
        """Return what the answer says besides the code and the message."""
        return {}


class InvalidRequest(APIError):
    """The request is malformed (RFC 6749 section 5.2)."""


class InvalidMember(APIError):
    """A part of the request can't be accepted; `field` names the member or parameter, where it is one."""

    def __init__(self, message: str, *, field: str, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self._field = field

    @property
    def members(self) -> dict[str, str]:
        """Return which one it is."""
        return {"field": self._field} if self._field else {}


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
        self._methods = methods

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return which methods there are."""
        return (("Allow", ", ".join(self._methods)),)


class Overloaded(APIError):
    """So many have what was asked for already that one more would cost everyone (RFC 9110 section 15.6.4)."""

    status = 503
    code = "temporarily_unavailable"
    retry_after: ClassVar[int] = 5

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return when to try again, in seconds."""
        return (("Retry-After", str(self.retry_after)),)


class InvalidClient(APIError):
    """The client did not prove who it is (RFC 6749 section 5.2); the answer never says what was wrong."""

    status = 401
    code = "invalid_client"

    def __init__(self, *, detail: str) -> None:
        super().__init__("The client could not be authenticated.", detail=detail)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the challenge, which a 401 must have (RFC 9110 section 11.6.1)."""
        return (("WWW-Authenticate", f'Basic {REALM}, charset="UTF-8"'),)


class InvalidGrant(APIError):
    """A code or a refresh token was not accepted (RFC 6749 section 5.2); mostly only the log learns why."""

    code = "invalid_grant"

    def __init__(
        self, text: str = "The code or token is not valid here, or not any more.", *, detail: str
    ) -> None:
        super().__init__(text, detail=detail)


class AuthorizationPending(APIError):
    """Nobody has said yes or no yet: the client asks again later (RFC 8628 section 3.5)."""

    code = "authorization_pending"

    def __init__(self) -> None:
        super().__init__("Nobody has answered yet.")


class InvalidScope(APIError):
    """The scope is malformed, or more than this client may have here (RFC 6749 section 5.2)."""

    code = "invalid_scope"


class UnauthorizedClient(APIError):
    """The client is not registered for this way to a token (RFC 6749 section 5.2)."""

    code = "unauthorized_client"

    def __init__(self) -> None:
        super().__init__("The client is not registered for this grant_type.")


class UnsupportedGrantType(APIError):
    """The center does not know this way to a token (RFC 6749 section 5.2)."""

    code = "unsupported_grant_type"


class BearerError(APIError):
    """A refusal whose challenge says what was wrong with the token (RFC 6750 section 3)."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the challenge."""
        said = f'Bearer {REALM}, error="{self.code}", error_description="{self.message}"'
        return (("WWW-Authenticate", said),)


class MissingToken(BearerError):
    """No token came along, so the challenge names no error (RFC 6750 section 3.1)."""

    status = 401

    def __init__(self) -> None:
        super().__init__("Send an access token.")

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the bare challenge."""
        return (("WWW-Authenticate", f"Bearer {REALM}"),)


class InvalidToken(BearerError):
    """The token is not one of ours, expired, or taken back (RFC 6750 section 3.1)."""

    status = 401
    code = "invalid_token"

    def __init__(self) -> None:
        super().__init__("The access token is not valid, or not any more.")


class InsufficientScope(BearerError):
    """The token is good, and not for this (RFC 6750 section 3.1); `scope` is what it would take."""

    status = 403
    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__("The access token was not given for this.")
        self._scope = scope

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the challenge, with the scope that is missing."""
        ((name, said),) = super().headers
        return ((name, f'{said}, scope="{self._scope}"'),)


class InvalidBearerRequest(BearerError):
    """The token came in a way that can't be accepted (RFC 6750 section 3.1)."""
