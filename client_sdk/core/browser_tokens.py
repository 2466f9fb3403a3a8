"""The tokens of people signed in with a browser: kept, fresh whenever they are asked for, and given back."""

import logging
from dataclasses import dataclass, field

from client_sdk.core.addresses import Addresses
from client_sdk.core.callback import Tokens
from client_sdk.core.center import Center
from client_sdk.core.clock import Clock
from client_sdk.core.errors import LoginFailed, LoginNeeded, Unavailable
from client_sdk.core.identity import LocalSession
from client_sdk.core.kept_tokens import MAX_SEALED, KeptTokens, Sealer
from client_sdk.core.local_sessions import LocalSessions
from client_sdk.core.refresher import Refresher
from client_sdk.core.settings import Settings
from client_sdk.core.web import Cookie, read_cookie

JUST_NOW = 10_000
"""Milliseconds after a login in which another one would lead nowhere."""

log = logging.getLogger("client_sdk")


@dataclass(frozen=True, slots=True)
class Fresh:
    """An access token that has not expired, and the cookies that belong on the answer."""

    access_token: str = field(repr=False)
    cookies: tuple[Cookie, ...] = ()


class BrowserTokens:
    """Keeps the tokens that a login gave, for sites with the setting `keep_tokens`."""

    def __init__(
        self, settings: Settings, clock: Clock, center: Center, addresses: Addresses, sessions: LocalSessions
    ) -> None:
        self.is_on = settings.keep_tokens
        self._clock = clock
        self._center = center
        self._addresses = addresses
        self._sessions = sessions
        self._sealer = Sealer(settings)
        self._refresher = Refresher(settings, clock, center)

    def open(
        self, session: LocalSession, value: str, tokens: Tokens, sent_at: int, scheme: str
    ) -> tuple[Cookie, ...]:
        """Keep the tokens of a login whose session has the cookie's `value`; returns the cookies to set.

        `sent_at` is when they were asked for, in milliseconds since 1970. Raises LoginFailed, Unavailable.
        """
        if not self.is_on:
            return ()
        if not tokens.access_token:
            raise LoginFailed("login_malformed", "The center gave no access token.")
        try:
            return self._keep(session, value, KeptTokens.of(tokens, sent_at), "", scheme)
        except ValueError as large:
            raise LoginFailed(
                "login_session_too_large",
                "The center's tokens do not fit in a cookie; keep sessions in Redis.",
                expected=MAX_SEALED,
                actual=str(large),
            ) from large

    def fresh(self, cookies: str | None, scheme: str, session: LocalSession, *, refused: str = "") -> Fresh:
        """Return the access token of somebody signed in, refreshed when its end is near.

        `refused` is one that was refused before its time and must be replaced. Raises LoginNeeded when
        only a new login gives one, Unavailable when the center can't be reached and the one at hand is over.
        """
        names = self._addresses.names(scheme)
        value = read_cookie(cookies, names.session) or ""
        try:
            kept = self._read(session, value, read_cookie(cookies, names.tokens) or "")
            return self._renewed(session, value, kept, scheme, refused=refused)
        except LoginNeeded as needed:
            if self._clock.wall() - session.opened_at < JUST_NOW:
                # Another login would end here once more: better an error than a loop.
                raise Unavailable("tokens_contradiction", f"Just after a login: {needed.message}") from needed
            if needed.is_session_over:
                self._sessions.drop(value)
                needed.cookies = self._gone(scheme)
            raise

    def close(self, cookies: str | None, scheme: str, session: LocalSession | None) -> tuple[Cookie, ...]:
        """Give the refresh token of a session back, where that is possible; returns the cookies to set."""
        names = self._addresses.names(scheme)
        cookie = read_cookie(cookies, names.tokens) or ""
        gone = (self._gone_cookie(scheme),) if cookie else ()
        if not self.is_on or session is None:
            return gone
        try:
            value = read_cookie(cookies, names.session) or ""
            tokens = self._sealer.open(
                self._sessions.read_tokens(value, cookie), self._sessions.binding(session, value)
            )
            if tokens is not None and tokens.refresh_token:
                self._center.revoke(tokens.refresh_token)
        except Unavailable as failed:
            log.warning("a refresh token was not given back: %s", failed)
        return gone

    def _read(self, session: LocalSession, value: str, cookie: str) -> tuple[KeptTokens, str]:
        sealed = self._sessions.read_tokens(value, cookie)
        tokens = self._sealer.open(sealed, self._sessions.binding(session, value))
        if tokens is None:
            raise LoginNeeded("tokens_missing", "The tokens of this session are not here.")
        return tokens, sealed

    def _renewed(
        self,
        session: LocalSession,
        value: str,
        kept: tuple[KeptTokens, str],
        scheme: str,
        *,
        refused: str,
    ) -> Fresh:
        tokens, sealed = kept
        newest = self._refresher.newest(tokens, refused=refused)
        if newest is tokens:
            return Fresh(tokens.access_token)
        try:
            return Fresh(newest.access_token, self._keep(session, value, newest, sealed, scheme))
        except ValueError as large:
            log.error("fresh tokens can't be kept: %s; keep sessions in Redis", large)
            return Fresh(newest.access_token, (self._gone_cookie(scheme),))

    def _keep(
        self, session: LocalSession, value: str, tokens: KeptTokens, former: str, scheme: str
    ) -> tuple[Cookie, ...]:
        sealed = self._sealer.seal(tokens, self._sessions.binding(session, value))
        cookie = self._sessions.write_tokens(value, sealed, former)
        names = self._addresses.names(scheme)
        return () if cookie is None else (Cookie(names.tokens, cookie, names.attempts.is_secure),)

    def _gone(self, scheme: str) -> tuple[Cookie, ...]:
        names = self._addresses.names(scheme)
        return (Cookie.gone(names.session, is_secure=names.attempts.is_secure), self._gone_cookie(scheme))

    def _gone_cookie(self, scheme: str) -> Cookie:
        names = self._addresses.names(scheme)
        return Cookie.gone(names.tokens, is_secure=names.attempts.is_secure)
