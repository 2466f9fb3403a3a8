"""Guards the routes of an API: what a route requires of a token, and the answer to each request."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from client_sdk.core.clock import Clock
from client_sdk.core.errors import LoginNeeded, TokenRefused, Unavailable
from client_sdk.core.settings import Settings
from client_sdk.core.tokens import bearer
from client_sdk.core.tokens.browser_tokens import FreshToken
from client_sdk.core.tokens.checker import TokenChecker
from client_sdk.core.tokens.token import CheckedToken, Token
from client_sdk.core.web.addresses import Addresses
from client_sdk.core.web.messages import Answer, Cookie, Incoming, read_cookie

APP_TOKEN_HEADER = "SSO-App-Token"  # noqa: S105 - a name
APP_TOKEN_COOKIE = "sso-app-token"  # noqa: S105 - a name

log = logging.getLogger("client_sdk")


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a route requires of a token: all of these scopes and roles, and the `audience`.

    None stands for the site's own audience.
    """

    scope: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class AdmittedRequest:
    """A request whose token counts; `headers` are set on its answer, and no cache may then store it."""

    token: Token
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class OwnToken(Protocol):
    """Gives the access token of somebody signed in with a browser, another than `refused`."""

    def __call__(self, *, refused: str = "") -> FreshToken | None:
        """Return it, or None when nobody is signed in. Raises LoginNeeded, Unavailable."""


class TokenGuard:
    """Finds the token of a request and decides whether to admit it."""

    def __init__(self, settings: Settings, clock: Clock, addresses: Addresses, checks: TokenChecker) -> None:
        self._settings = settings
        self._clock = clock
        self._addresses = addresses
        self._checks = checks
        self._audience = settings.audience or settings.client_id
        self._reads_app_cookie = settings.app_token_in == "cookie"  # noqa: S105 - a place

    def admit(
        self,
        needs: Requirements,
        authorization: str | None,
        incoming: Callable[[], Incoming],
        own: OwnToken,
    ) -> AdmittedRequest | Answer:
        """Return the admitted request, or the answer that refuses it.

        `authorization` is the Authorization header. The others are called only when needed: `incoming`
        returns the request, and `own` the access token of somebody signed in with a browser.
        """
        try:
            said = self._check(needs.audience or self._audience, authorization, incoming, own)
            if said is None:
                return bearer.refuse_missing()
        except (TokenRefused, LoginNeeded) as refused:
            log.info("token refused: %s", refused)
            return bearer.refuse_invalid(refused)
        except Unavailable as failed:
            return bearer.refuse_unchecked(failed)
        return self._authorize(needs, said, incoming)

    def _check(
        self, audience: str, authorization: str | None, incoming: Callable[[], Incoming], own: OwnToken
    ) -> CheckedToken | None:
        text = bearer.read_header(authorization) or self._app_cookie(incoming)
        if text is not None:
            return self._checks.check(text, audience)
        if not self._settings.keep_tokens:
            return None
        request = incoming()
        if not bearer.is_own_page(request, self._addresses.root(request)):
            return None
        return self._check_own(audience, own)

    def _check_own(self, audience: str, own: OwnToken) -> CheckedToken | None:
        fresh = own()
        if fresh is None:
            return None
        try:
            return self._checks.check(fresh.access_token, audience)
        except TokenRefused as refused:
            # A person can lose access tokens and stay signed in, as when a role is removed.
            renewed = own(refused=fresh.access_token) if refused.code == "token_inactive" else None
            if renewed is None or renewed.access_token == fresh.access_token:
                raise
        return self._checks.check(renewed.access_token, audience)

    def _authorize(
        self, needs: Requirements, said: CheckedToken, incoming: Callable[[], Incoming]
    ) -> AdmittedRequest | Answer:
        handed = (self._successor_header(said, incoming),) if said.successor else ()
        if said.token.has_scope(*needs.scope) and said.token.has_roles(*needs.roles):
            return AdmittedRequest(said.token, handed)
        refused = bearer.refuse_insufficient(needs.scope, needs.roles)
        return replace(refused, headers=refused.headers + handed)

    def _app_cookie(self, incoming: Callable[[], Incoming]) -> str | None:
        if not self._reads_app_cookie:
            return None
        request = incoming()
        text = read_cookie(request.header("Cookie"), APP_TOKEN_COOKIE)
        if not text or bearer.is_from_another_page(request, self._addresses.root(request)):
            return None
        return bearer.read_header(f"Bearer {text}")

    def _successor_header(self, said: CheckedToken, incoming: Callable[[], Incoming]) -> tuple[str, str]:
        if not self._reads_app_cookie:
            return APP_TOKEN_HEADER, said.successor
        is_secure = self._addresses.names_for(incoming()).attempts.is_secure
        lifetime = max(int(said.token.expires_at - self._clock.wall() / 1000), 1)
        return Cookie(APP_TOKEN_COOKIE, said.successor, is_secure, lifetime).header()
