"""Sign-in: the browser goes to the center, and comes back to a local session."""

import logging
from dataclasses import dataclass

from client_sdk.core.clock import Clock
from client_sdk.core.endings.check import is_alive
from client_sdk.core.endings.view import View
from client_sdk.core.errors import LoginFailed, SSOError, Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.login import callback, id_token, redirects
from client_sdk.core.login.attempts import LoginAttempt, LoginAttempts
from client_sdk.core.sessions.local_session import LocalSession
from client_sdk.core.sessions.position import Moment
from client_sdk.core.sessions.session_store import SessionStore
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.browser_tokens import BrowserTokens
from client_sdk.core.tokens.token_response import TokenResponse
from client_sdk.core.web import return_to
from client_sdk.core.web.addresses import Addresses
from client_sdk.core.web.messages import Answer, Cookie, Incoming, read_cookie, redirect
from client_sdk.core.web.pages import page, page_name

MAX_HINT = 3000

log = logging.getLogger("client_sdk")


@dataclass(frozen=True, slots=True)
class _Redeemed:
    """What a code gave; it was sent at `sent_at` (ms since 1970), or `proved_at` for the view."""

    session: LocalSession
    tokens: TokenResponse
    sent_at: int
    proved_at: Moment


@dataclass(frozen=True, slots=True)
class SignIn:
    """Starts logins and finishes them."""

    settings: Settings
    clock: Clock
    center: Center
    addresses: Addresses
    attempts: LoginAttempts
    sessions: SessionStore
    tokens: BrowserTokens
    view: View

    def begin(self, incoming: Incoming, target: str, ended_sid: str = "") -> Answer:
        """Send the browser to the center, to come back to the local page `target`.

        `ended_sid` is the session whose end made this login necessary. Raises Unavailable.
        """
        metadata = self.center.metadata()
        names = self.addresses.names_for(incoming).attempts
        attempt, cookies = self.attempts.open(target, ended_sid, incoming.cookies(), names)
        address = redirects.authorization_address(
            metadata, self.settings, attempt, self.addresses.callback(incoming)
        )
        return redirect(address, cookies)

    def finish(self, incoming: Incoming) -> Answer:
        """Answer the callback: open the local session and redirect to the requested page.

        A failure shows a page with a link to a new login. Nothing is retried or redirected automatically, so
        that no mistake, of ours or of the center's, becomes a loop.
        """
        attempt: LoginAttempt | None = None
        names = self.addresses.names_for(incoming)
        try:
            response = callback.read_response(incoming.query)
            attempt = self.attempts.find(response.state, incoming.cookies(), names.attempts)
            redeemed = self._redeem(incoming, response, attempt)
            value, cookies = self._open(incoming, redeemed)
        except SSOError as failed:
            return self._show_failure(incoming, failed, attempt)
        closing = names.attempts.closing(attempt.state)
        own = Cookie(names.session, value, names.attempts.is_secure)
        return redirect(attempt.return_to, [own, *cookies, closing])

    def _redeem(self, incoming: Incoming, response: callback.Response, attempt: LoginAttempt) -> "_Redeemed":
        metadata = self.center.metadata()
        grant = callback.process_response(response, metadata)
        redirect_uri = self.addresses.callback(incoming)
        sent_at, proved_at = self.clock.wall(), Moment(self.clock.steady(), self.view.position)
        tokens = callback.redeem(self.center, grant, attempt, redirect_uri)
        now = self.clock.wall()
        identity = self.center.with_keys(
            lambda keys: id_token.validate(tokens, keys, self.settings, attempt, now)
        )
        # A person who was removed from this one site joins it again in the same session.
        if identity.user.sid == attempt.ended_sid and not is_alive(self.center, attempt.ended_sid):
            raise LoginFailed("login_contradiction", "The center gave a grant for a session that it ended.")
        session = LocalSession(
            user=identity.user,
            issued_at=identity.issued_at,
            opened_at=now,
            expires_at=now + int(self.settings.session_lifetime * 1000),
            id_token=tokens.id_token if len(tokens.id_token) <= MAX_HINT else "",
            stamp=identity.stamp,
            good_at=proved_at.position,
        )
        return _Redeemed(session, tokens, sent_at, proved_at)

    def _open(self, incoming: Incoming, redeemed: "_Redeemed") -> tuple[str, tuple[Cookie, ...]]:
        header, scheme = incoming.header("Cookie"), incoming.scheme
        former = read_cookie(header, self.addresses.names(scheme).session)
        value = self.sessions.open(redeemed.session, redeemed.sent_at)
        cookies = self.tokens.open(redeemed.session, value, redeemed.tokens, redeemed.sent_at, scheme)
        if former:
            self.tokens.close(header, scheme, self.sessions.find(former))
            self.sessions.drop(former)
        self.view.prove(redeemed.session.user.sid, redeemed.proved_at)
        return value, cookies

    def _show_failure(self, incoming: Incoming, failed: SSOError, attempt: LoginAttempt | None) -> Answer:
        log.warning("login not finished: %s", failed)
        names = self.addresses.names_for(incoming)
        home = incoming.mount + return_to.HOME
        if attempt is None and self._has_session(incoming, names.session):
            # The back button, or a second copy of the address: this browser is already signed in.
            return redirect(home)
        link = self.addresses.login(incoming.mount, home if attempt is None else attempt.return_to)
        cookies = [] if attempt is None else [names.attempts.closing(attempt.state)]
        if isinstance(failed, Unavailable):
            retry = (("Retry-After", str(failed.retry_after)),)
            return page(incoming, 503, "unavailable", link=link, cookies=cookies, headers=retry)
        if failed.code == "login_contradiction":
            cookies.append(Cookie.gone(names.session, is_secure=names.attempts.is_secure))
        return page(incoming, 400, page_name(failed), link=link, cookies=cookies)

    def _has_session(self, incoming: Incoming, name: str) -> bool:
        try:
            return self.sessions.find(incoming.cookies().get(name, "")) is not None
        except Unavailable:
            return False
