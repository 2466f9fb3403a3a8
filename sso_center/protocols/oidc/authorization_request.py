"""What a site asks for at /authorize, and the refusals that go back to it."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from sso_center.base.errors import SSOError
from sso_center.core.clients import OFFLINE_ACCESS, Client
from sso_center.protocols.oidc.scope import listed
from sso_center.protocols.parameters import Parameters


class AuthorizationError(SSOError):
    """A refusal that is sent back to the site: `code` of the standard, a message for its developer.

    The message repeats nothing that was sent, and holds neither quotes nor backslashes, which RFC 6749
    section 4.1.2.1 keeps out of an error_description.
    """

    code: ClassVar[str] = "invalid_request"


class InvalidRequest(AuthorizationError):
    """A parameter is missing, broken or stands there twice (RFC 6749 section 4.1.2.1)."""


class UnauthorizedClient(AuthorizationError):
    """The client is not registered for codes (RFC 6749 section 4.1.2.1)."""

    code = "unauthorized_client"


class UnsupportedResponseType(AuthorizationError):
    """Only codes are given out here (RFC 6749 section 4.1.2.1)."""

    code = "unsupported_response_type"


class InvalidScope(AuthorizationError):
    """The scope is malformed, or without `openid` (RFC 6749 section 4.1.2.1)."""

    code = "invalid_scope"


class RequestNotSupported(AuthorizationError):
    """Request objects are not taken (OpenID Connect Core section 3.1.2.6)."""

    code = "request_not_supported"


class RequestURINotSupported(AuthorizationError):
    """Request objects by reference are not taken (OpenID Connect Core section 3.1.2.6)."""

    code = "request_uri_not_supported"


class RegistrationNotSupported(AuthorizationError):
    """Clients don't register themselves on the way (OpenID Connect Core section 3.1.2.6)."""

    code = "registration_not_supported"


class LoginRequired(AuthorizationError):
    """Somebody must sign in, and the site wants no page shown (OpenID Connect Core section 3.1.2.6)."""

    code = "login_required"


class ConsentRequired(AuthorizationError):
    """The person must be asked, and the site wants no page shown (OpenID Connect Core section 3.1.2.6)."""

    code = "consent_required"


class AccessDenied(AuthorizationError):
    """The person was asked and did not allow it (RFC 6749 section 4.1.2.1)."""

    code = "access_denied"


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request whose client and redirect address are trusted; everything else is checked by `checks.py`.

    `query` is the request as it came, without our own marks; `demanded_at` and `consent_demanded_at` are
    when a login and a consent were demanded for exactly this request (milliseconds since 1970), or None.
    """

    client: Client
    redirect_uri: str
    parameters: Parameters
    query: str
    demanded_at: int | None
    consent_demanded_at: int | None = None

    @property
    def state(self) -> str | None:
        """What the site wants to be told back; None as well when it is broken."""
        return self.parameters.get("state")

    @cached_property
    def scope(self) -> tuple[str, ...]:
        """Every scope asked for, once, in its order."""
        return listed(self.parameters.get("scope") or "")

    @cached_property
    def granted_scope(self) -> tuple[str, ...]:
        """What of it this client may have: the rest is left out, as the answer of /token then says."""
        return tuple(
            scope
            for scope in self.scope
            if scope in self.client.scopes and (scope != OFFLINE_ACCESS or self.may_stay_offline)
        )

    @property
    def may_stay_offline(self) -> bool:
        """Whether a client that is registered for it gets tokens that outlive the session.

        A third party must have the person asked each time; for a site of one's own organisation its
        registration is the consent (OpenID Connect Core section 11).
        """
        return not self.client.is_third_party or "consent" in self.prompt

    @cached_property
    def prompt(self) -> frozenset[str]:
        """The pages that the site wants shown, or `none`."""
        return frozenset((self.parameters.get("prompt") or "").split())

    @property
    def is_silent(self) -> bool:
        """Whether no page may be shown (`prompt=none`)."""
        return "none" in self.prompt

    @property
    def must_login(self) -> bool:
        """Whether a login is demanded whatever the session says; it is also how an account is chosen."""
        return not self.prompt.isdisjoint(("login", "select_account"))

    @property
    def must_consent(self) -> bool:
        """Whether the person is asked whatever was allowed before.

        Sites of one's own organisation are agreed to by registering them: nobody is asked about those.
        """
        return self.client.is_third_party and "consent" in self.prompt

    @property
    def max_age(self) -> int | None:
        """How old the login may be, in seconds; only after it was checked."""
        text = self.parameters.get("max_age")
        return None if text is None else int(text)
