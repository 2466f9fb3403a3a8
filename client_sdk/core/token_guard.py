"""Who may pass with a token: the rule of a route, and what the answer hands back."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from client_sdk.core import bearer
from client_sdk.core.addresses import Addresses
from client_sdk.core.browser_tokens import Fresh
from client_sdk.core.clock import Clock
from client_sdk.core.errors import LoginNeeded, TokenRefused, Unavailable
from client_sdk.core.introspection import Answer as Said
from client_sdk.core.settings import Settings
from client_sdk.core.token import Token
from client_sdk.core.token_checks import TokenChecks
from client_sdk.core.web import Answer, Cookie, Incoming, read_cookie

APP_TOKEN_HEADER = "SSO-App-Token"  # noqa: S105 - a name
APP_TOKEN_COOKIE = "sso-app-token"  # noqa: S105 - a name

log = logging.getLogger("client_sdk")


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of a token: all of these scopes and roles, and that it is for `audience`.

    Without an audience the site's own is meant.
    """

    scope: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request whose token counts; `headers` belong on its answer, which no cache may keep then."""

    token: Token
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class TokenGuard:
    """Finds the token of a request and decides whether it may pass."""

    def __init__(self, settings: Settings, clock: Clock, addresses: Addresses, checks: TokenChecks) -> None:
        self._settings = settings
        self._clock = clock
        self._addresses = addresses
        self._checks = checks
        self._audience = settings.audience or settings.client_id
        self._reads_app_cookie = settings.app_token_in == "cookie"  # noqa: S105 - a place

    def admit(
        self,
        needs: Needs,
        authorization: str | None,
        incoming: Callable[[], Incoming],
        own: Callable[[], Fresh | None],
    ) -> Admitted | Answer:
        """Return what the request's token allows, or the answer that refuses it.

        `authorization` is the Authorization header. The rest is looked at only when needed: the request
        itself, and `own`, which gives the access token of somebody signed in with a browser.
        """
        try:
            text = bearer.read_header(authorization) or self._in_cookies(incoming, own)
            if text is None:
                return bearer.refuse_missing()
            said = self._checks.check(text, needs.audience or self._audience)
        except TokenRefused as refused:
            log.info("token refused: %s", refused)
            return bearer.refuse_invalid(refused)
        except LoginNeeded as needed:
            log.info("token refused: %s", needed)
            return bearer.refuse_over(needed)
        except Unavailable as failed:
            return bearer.refuse_unchecked(failed)
        return self._judge(needs, said, incoming)

    def _judge(self, needs: Needs, said: Said, incoming: Callable[[], Incoming]) -> Admitted | Answer:
        handed = (self._hand_over(said, incoming),) if said.successor else ()
        if said.token.has_scope(*needs.scope) and said.token.has_roles(*needs.roles):
            return Admitted(said.token, handed)
        refused = bearer.refuse_insufficient(needs.scope, needs.roles)
        return replace(refused, headers=refused.headers + handed)

    def _in_cookies(self, incoming: Callable[[], Incoming], own: Callable[[], Fresh | None]) -> str | None:
        if not self._reads_app_cookie and not self._settings.keep_tokens:
            return None
        request = incoming()
        root = self._addresses.root(request)
        text = read_cookie(request.header("Cookie"), APP_TOKEN_COOKIE) if self._reads_app_cookie else None
        if text and not bearer.is_from_another_page(request, root):
            return bearer.read_header(f"Bearer {text}")
        if not self._settings.keep_tokens or not bearer.is_own_page(request, root):
            return None
        fresh = own()
        return None if fresh is None else fresh.access_token

    def _hand_over(self, said: Said, incoming: Callable[[], Incoming]) -> tuple[str, str]:
        if not self._reads_app_cookie:
            return APP_TOKEN_HEADER, said.successor
        is_secure = self._addresses.names_for(incoming()).attempts.is_secure
        lifetime = max(int(said.token.expires_at - self._clock.wall() / 1000), 1)
        return Cookie(APP_TOKEN_COOKIE, said.successor, is_secure, lifetime).header()
