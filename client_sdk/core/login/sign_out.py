"""Sign-out: by the person at this site, and by the center's back-channel logout."""

import hmac
import logging
from dataclasses import dataclass

from client_sdk.core.clock import Clock
from client_sdk.core.derived_keys import derived, key_for
from client_sdk.core.endings.view import View
from client_sdk.core.errors import TokenRefused, Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.login import logout_token, redirects
from client_sdk.core.sessions.local_session import LocalSession
from client_sdk.core.sessions.session_store import SessionStore
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.browser_tokens import BrowserTokens
from client_sdk.core.web import return_to
from client_sdk.core.web.addresses import Addresses
from client_sdk.core.web.messages import Answer, Cookie, Incoming, answer, redirect, single_values
from client_sdk.core.web.pages import page, refusal

log = logging.getLogger("client_sdk")


@dataclass(frozen=True, slots=True)
class SignOut:
    """Ends local sessions."""

    settings: Settings
    clock: Clock
    center: Center
    addresses: Addresses
    sessions: SessionStore
    tokens: BrowserTokens
    view: View

    def token(self, session: LocalSession) -> str:
        """Return the CSRF token of the sign-out link.

        It proves that one of the site's own pages made the request: another site can make the browser
        follow a link, but does not know the token.
        """
        return derived(key_for("sign-out link", self.settings), "logout", session.user.sid)[:22]

    def start(self, incoming: Incoming) -> Answer:
        """Answer the sign-out address: end the session here, and redirect to the center to end it everywhere.

        Without the token the person is asked first. Raises Unavailable.
        """
        names = self.addresses.names_for(incoming)
        value = incoming.cookies().get(names.session, "")
        session = self.sessions.find(value) if value else None
        if session is not None and self._has_ended(session):
            session = None
        own = Cookie.overwritten(names.session, is_secure=names.attempts.is_secure)
        if session is None:
            # This person may still be signed in at the center, which asks them.
            return self._to_center(incoming, "", (own, *self._close_tokens(incoming, None)))
        if not self._may_end(incoming, session):
            form = (self.addresses.logout(incoming.mount), self.token(session))
            return page(incoming, 200, "confirm", form=form, centers=self.settings.issuer)
        gone = (own, *self._close_tokens(incoming, session))
        self.sessions.drop(value)
        self.view.end_session(session.user.sid, self.clock.steady())
        return self._to_center(incoming, session.id_token, gone)

    def signed_out(self, incoming: Incoming) -> Answer:
        """Show the page to which the center sends people after signing out."""
        return page(incoming, 200, "signed_out", link=incoming.mount + return_to.HOME)

    def receive_logout_token(self, incoming: Incoming) -> Answer:
        """Answer a logout token (OIDC Back-Channel Logout 1.0 section 2.8): 200 when the session is gone."""
        try:
            ended = self._validate(incoming)
            self._end(ended)
        except TokenRefused as refused:
            log.warning("logout token refused: %s", refused)
            return refusal(400, "invalid_request", error_description=refused.code)
        except Unavailable as failed:
            log.warning("logout token not checked: %s", failed)
            return refusal(
                503, "temporarily_unavailable", headers=(("Retry-After", str(failed.retry_after)),)
            )
        return answer(200)

    def _validate(self, incoming: Incoming) -> logout_token.LogoutToken:
        kind = incoming.header("Content-Type").partition(";")[0].strip().lower()
        try:
            form = single_values(incoming.form.decode("ascii"))
        except ValueError as bad:
            raise TokenRefused("token_malformed", "The form can't be read.") from bad
        if kind != "application/x-www-form-urlencoded" or not form.get("logout_token"):
            raise TokenRefused("token_malformed", "A form with a logout_token is needed.", actual=kind)
        now = self.clock.wall()
        ended = self.center.with_keys(
            lambda keys: logout_token.validate(form["logout_token"], keys, self.settings, now)
        )
        lifetime = int((ended.expires_at + self.settings.leeway) * 1000) - now
        if not self.sessions.is_first(ended.jti, lifetime):
            raise TokenRefused("token_replayed", "This logout token was used before.")
        return ended

    def _end(self, ended: logout_token.LogoutToken) -> None:
        if ended.sid is not None:
            self.view.end_session(ended.sid, self.clock.steady())
            self.sessions.end(ended.sid, self.clock.wall())
        elif ended.sub is not None:
            # A logout token gives only the whole second: everything stamped within it ended.
            cut_off = int(ended.issued_at) * 1000 + 999
            self.view.cut_off_user(ended.sub, cut_off, self.clock.steady())
            self.sessions.end_user(ended.sub, cut_off)

    def _has_ended(self, session: LocalSession) -> bool:
        opened = session.opened_by_steady(wall=self.clock.wall(), steady=self.clock.steady())
        return self.view.has_ended(session, opened)

    def _may_end(self, incoming: Incoming, session: LocalSession) -> bool:
        purpose = incoming.header("Sec-Purpose") + incoming.header("Purpose")
        if "prefetch" in purpose.lower():
            return False
        sent = incoming.query if incoming.method == "GET" else incoming.form.decode("ascii", "replace")
        try:
            given = single_values(sent).get("t") or single_values(incoming.query).get("t", "")
        except ValueError:
            return False
        return hmac.compare_digest(given.encode(), self.token(session).encode())

    def _close_tokens(self, incoming: Incoming, session: LocalSession | None) -> tuple[Cookie, ...]:
        return self.tokens.close(incoming.header("Cookie"), incoming.scheme, session)

    def _to_center(self, incoming: Incoming, id_token: str, gone: tuple[Cookie, ...]) -> Answer:
        address = None
        try:
            return_uri = self.addresses.signed_out(incoming)
            address = redirects.end_session_address(
                self.center.metadata(), self.settings, id_token, return_uri
            )
        except Unavailable as failed:
            log.warning("signed out at this site only: %s", failed)
        if address is None:
            link = incoming.mount + return_to.HOME
            return page(incoming, 200, "signed_out_here", link=link, cookies=gone)
        return redirect(address, gone)
