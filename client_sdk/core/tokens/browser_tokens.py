"""The tokens of people signed in with a browser: stored, refreshed and revoked."""

import logging
from dataclasses import dataclass, field

from client_sdk.core.clock import Clock
from client_sdk.core.endings.check import is_alive
from client_sdk.core.errors import LoginFailed, LoginNeeded, Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.sessions.local_session import LocalSession
from client_sdk.core.sessions.session_store import SessionStore
from client_sdk.core.settings import Settings
from client_sdk.core.tokens import refresh_request
from client_sdk.core.tokens.refresher import TokenRefresher
from client_sdk.core.tokens.stored_tokens import MAX_SEALED, StoredTokens, TokenSealer
from client_sdk.core.tokens.token_response import TokenResponse
from client_sdk.core.web.addresses import Addresses, CookieNames
from client_sdk.core.web.messages import Cookie, read_cookie

JUST_NOW = 10_000
"""Milliseconds after a login in which another login would change nothing."""

log = logging.getLogger("client_sdk")


@dataclass(frozen=True, slots=True)
class FreshToken:
    """An access token that has not expired, and the cookies to set on the answer."""

    access_token: str = field(repr=False)
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True, slots=True)
class _TokenLocation:
    """Where somebody's tokens are: the session, the values of both its cookies, and their names."""

    session: LocalSession
    value: str
    tokens_cookie: str
    names: CookieNames


class BrowserTokens:
    """Stores the tokens that a login gave, for sites with the setting `keep_tokens`."""

    def __init__(
        self, settings: Settings, clock: Clock, center: Center, addresses: Addresses, sessions: SessionStore
    ) -> None:
        self.is_on = settings.keep_tokens
        self._clock = clock
        self._center = center
        self._addresses = addresses
        self._sessions = sessions
        self._sealer = TokenSealer(settings)
        self._refresher = TokenRefresher(settings, clock, center)

    def open(
        self, session: LocalSession, value: str, tokens: TokenResponse, sent_at: int, scheme: str
    ) -> tuple[Cookie, ...]:
        """Store the tokens of a login whose session has the cookie's `value`; return the cookies to set.

        `sent_at` is when they were requested, in milliseconds since 1970. Raises LoginFailed, Unavailable.
        """
        if not self.is_on:
            return ()
        if not tokens.access_token:
            raise LoginFailed("login_malformed", "The center gave no access token.")
        place = _TokenLocation(session, value, "", self._addresses.names(scheme))
        try:
            return self._keep(place, StoredTokens.of(tokens, sent_at), "")
        except ValueError as large:
            raise LoginFailed(
                "login_session_too_large",
                "The center's tokens do not fit in a cookie; keep sessions in Redis.",
                expected=MAX_SEALED,
                actual=str(large),
            ) from large

    def fresh(
        self, cookies: str | None, scheme: str, session: LocalSession, *, refused: str = ""
    ) -> FreshToken:
        """Return the access token of somebody signed in, refreshed shortly before it expires.

        `refused` is a token that an API refused before it expired, and that must be replaced. Raises
        LoginNeeded when only a new login gives one, and Unavailable when it expired and the center can't be
        reached.
        """
        place = self._place(cookies, scheme, session)
        try:
            return self._newest(place, refused)
        except LoginNeeded as needed:
            if self._is_just_signed_in(session):
                # Another login would end here again: better an error than a loop.
                raise Unavailable("tokens_contradiction", f"Just after a login: {needed.message}") from needed
            if needed.is_session_over:
                self._sessions.drop(place.value)
                needed.headers = (
                    _gone(place.names, place.names.session).header(),
                    _gone(place.names, place.names.tokens).header(),
                )
            raise

    def _is_just_signed_in(self, session: LocalSession) -> bool:
        """Say whether this session just signed in and is still alive at the center."""
        if self._clock.wall() - session.opened_at >= JUST_NOW:
            return False
        sid = session.user.sid
        return is_alive(self._center, sid)

    def close(self, cookies: str | None, scheme: str, session: LocalSession | None) -> tuple[Cookie, ...]:
        """Revoke the refresh token of a session, if possible; return the cookies to set."""
        names = self._addresses.names(scheme)
        gone = (_gone(names, names.tokens),) if read_cookie(cookies, names.tokens) else ()
        if not self.is_on or session is None:
            return gone
        try:
            tokens, _ = self._read(self._place(cookies, scheme, session))
            if tokens is not None and tokens.refresh_token:
                refresh_request.revoke(self._center, tokens.refresh_token)
        except Unavailable as failed:
            log.warning("a refresh token was not revoked: %s", failed)
        return gone

    def _place(self, cookies: str | None, scheme: str, session: LocalSession) -> _TokenLocation:
        names = self._addresses.names(scheme)
        value, kept = read_cookie(cookies, names.session), read_cookie(cookies, names.tokens)
        return _TokenLocation(session, value or "", kept or "", names)

    def _newest(self, place: _TokenLocation, refused: str) -> FreshToken:
        tokens, sealed = self._read(place)
        if tokens is None:
            raise LoginNeeded("tokens_missing", "The tokens of this session are not here.")
        newest = self._refresher.newest(tokens, refused=refused)
        if newest is tokens:
            return FreshToken(tokens.access_token)
        try:
            return FreshToken(newest.access_token, self._keep(place, newest, sealed))
        except ValueError as large:
            log.error("fresh tokens can't be kept: %s; keep sessions in Redis", large)
            return FreshToken(newest.access_token, (_gone(place.names, place.names.tokens),))

    def _read(self, place: _TokenLocation) -> tuple[StoredTokens | None, str]:
        sealed = self._sessions.read_tokens(place.value, place.tokens_cookie)
        return self._sealer.open(sealed, self._sessions.binding(place.session, place.value)), sealed

    def _keep(self, place: _TokenLocation, tokens: StoredTokens, former: str) -> tuple[Cookie, ...]:
        sealed = self._sealer.seal(tokens, self._sessions.binding(place.session, place.value))
        cookie = self._sessions.write_tokens(place.value, sealed, former)
        if cookie is None:
            return ()
        return (Cookie(place.names.tokens, cookie, place.names.attempts.is_secure),)


def _gone(names: CookieNames, name: str) -> Cookie:
    return Cookie.gone(name, is_secure=names.attempts.is_secure)
