"""The one object that an adapter needs: it signs people in and out and judges requests."""

import logging
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from secrets import token_urlsafe

from client_sdk.core.clock import Clock
from client_sdk.core.endings.check import check_sessions
from client_sdk.core.endings.feed_follower import FeedFollower
from client_sdk.core.endings.view import View
from client_sdk.core.errors import BadSettings, LoginNeeded, Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.http.transport import RequestsTransport, Transport
from client_sdk.core.liveness.request_session import NOBODY, RequestSession, RequestSessions
from client_sdk.core.liveness.session_checker import SessionChecker
from client_sdk.core.login.attempts import LoginAttempts
from client_sdk.core.login.sign_in import SignIn
from client_sdk.core.login.sign_out import SignOut
from client_sdk.core.sessions.local_session import LocalSession, User
from client_sdk.core.sessions.position import Moment
from client_sdk.core.sessions.session_store import open_store
from client_sdk.core.settings import Settings
from client_sdk.core.threads.fork import notice_fork
from client_sdk.core.tokens.browser_tokens import BrowserTokens, FreshToken
from client_sdk.core.tokens.checker import TokenChecker
from client_sdk.core.tokens.guard import TokenGuard
from client_sdk.core.tokens.signed_links import Link, SignedLinks
from client_sdk.core.web import return_to
from client_sdk.core.web.addresses import Addresses
from client_sdk.core.web.messages import Answer, Incoming, answer, single_values
from client_sdk.core.web.pages import page, refusal

ROUTES = {
    "login": ("GET",),
    "callback": ("GET",),
    "logout": ("GET", "POST"),
    "signed-out": ("GET",),
    "backchannel-logout": ("POST",),
}
"""The endpoints below the prefix, and their methods."""

log = logging.getLogger("client_sdk")


class Site:
    """Everything a subsystem does for signing in and out. Safe to share among threads and over forks."""

    def __init__(
        self,
        settings: Settings,
        *,
        transport: Transport | None = None,
        clock: Clock | None = None,
        random: Callable[[int], str] = token_urlsafe,
    ) -> None:
        self.settings = settings
        self._clock = clock or Clock()
        self._view = View(settings.client_id)
        self._addresses = Addresses(settings)
        self._sessions = open_store(settings, self._clock)
        center = Center(settings, self._clock, transport or RequestsTransport(settings.timeout))
        self._asker = SessionChecker(partial(check_sessions, center), self._moment)
        self._follower = FeedFollower(settings, self._clock, center, self._view, self._sessions)
        # Its threads hold no reference to the site, so that they end with it.
        weakref.finalize(self, self._follower.stop).atexit = False
        known = (self._sessions, self._view)
        self._request_sessions = RequestSessions(
            settings, self._clock, self._addresses, *known, self._asker, self._follower
        )
        attempts = LoginAttempts(settings, self._clock, random)
        self.links = SignedLinks(settings, self._clock.wall)
        self._tokens = BrowserTokens(settings, self._clock, center, self._addresses, self._sessions)
        shared = (self._sessions, self._tokens, self._view)
        self._sign_in = SignIn(settings, self._clock, center, self._addresses, attempts, *shared)
        self._sign_out = SignOut(settings, self._clock, center, self._addresses, *shared)
        checks = TokenChecker(settings, self._clock, center, self._view, self._follower)
        self.guard = TokenGuard(settings, self._clock, self._addresses, checks)

    def close(self) -> None:
        """Stop following the feed of endings: for sites that end before their process does."""
        self._follower.stop()

    def standing(self, cookies: str | None, scheme: str) -> RequestSession:
        """Return the session of a request with this `Cookie` header, over `scheme`.

        Memory decides, without network, while this process follows the feed or asked the center about this
        session less than `max_staleness` ago.
        """
        return self._request_sessions.of_cookies(cookies, scheme)

    def session_of_link(self, link: Link) -> RequestSession:
        """Return the session in which a signed link was made; it ends with the link."""
        user, opened_at = User.from_claims(link.sid, {"sub": link.sub}), int(link.issued_at * 1000)
        return self._request_sessions.of_session(
            LocalSession(user, link.issued_at, opened_at, link.expires_at)
        )

    def fresh(
        self, standing: RequestSession, cookies: str | None, scheme: str, *, refused: str = ""
    ) -> FreshToken | None:
        """Return the access token of the person of a request, or None when nobody is signed in.

        `refused` is a token that an API refused early, and that must be replaced. Raises BadSettings when
        tokens are not kept, LoginNeeded when they are gone, and Unavailable.
        """
        if not self._tokens.is_on:
            raise BadSettings("the access token of somebody signed in needs keep_tokens=True")
        if standing.failure is not None:
            raise standing.failure.again()
        if standing.session is None:
            return None
        return self._tokens.fresh(cookies, scheme, standing.session, refused=refused)

    def answer_failure(self, incoming: Incoming, failed: LoginNeeded | Unavailable) -> Answer:
        """Answer a request in which `fresh` raised this: with a new login, or 503."""
        if isinstance(failed, Unavailable):
            return self._unavailable(incoming, failed)
        log.info("a new login is needed: %s", failed)
        answered = self.refuse(incoming, NOBODY)
        return replace(answered, headers=answered.headers + failed.headers)

    def refuse(self, incoming: Incoming, standing: RequestSession) -> Answer:
        """Answer a request that needs a login and has none.

        A person is redirected to the center; a script gets 401 with the address of the login. When the
        session can't be judged the answer is 503, and the cookie stays.
        """
        if standing.failure is not None:
            return self._unavailable(incoming, standing.failure)
        target = self._page_to_return_to(incoming)
        if not incoming.wants_page:
            login_url = self._addresses.login(incoming.mount, target)
            realm = (("WWW-Authenticate", 'Cookie realm="sso"'),)
            return refusal(401, "login_required", login_url=login_url, headers=realm)
        return self._begin(incoming, target, standing.ended_sid)

    def forbid(self, incoming: Incoming, session: LocalSession) -> Answer:
        """Answer a request of somebody who lacks a role, with a link to sign out."""
        if incoming.wants_page:
            return page(incoming, 403, "forbidden", link=self.logout_url(session, incoming.mount))
        return refusal(403, "forbidden")

    def answer(self, route: str, incoming: Incoming) -> Answer:
        """Answer a request to one of the SDK's own endpoints, a name of `ROUTES`."""
        if incoming.method not in ROUTES[route]:
            # HEAD above all, which frameworks route like GET: a link checker must neither redeem a grant nor
            # sign anyone out.
            return answer(405, headers=(("Allow", ", ".join(ROUTES[route])),))
        notice_fork()
        try:
            return self._endpoint(route, incoming)
        except Unavailable as failed:
            return self._unavailable(incoming, failed)

    def logout_url(self, session: LocalSession | None, mount: str) -> str:
        """Return the local address for a sign-out link or form."""
        return self._addresses.logout(mount, self._sign_out.token(session) if session else "")

    def _moment(self) -> Moment:
        return Moment(self._clock.steady(), self._view.position)

    def _endpoint(self, route: str, incoming: Incoming) -> Answer:
        if route == "login":
            return self._begin(incoming, self._asked_for(incoming), "")
        if route == "callback":
            return self._sign_in.finish(incoming)
        if route == "logout":
            return self._sign_out.start(incoming)
        if route == "signed-out":
            return self._sign_out.signed_out(incoming)
        return self._sign_out.receive_logout_token(incoming)

    def _begin(self, incoming: Incoming, target: str, ended_sid: str) -> Answer:
        try:
            return self._sign_in.begin(incoming, target, ended_sid)
        except Unavailable as failed:
            log.warning("no login can begin: %s", failed)
            return self._unavailable(incoming, failed)

    def _asked_for(self, incoming: Incoming) -> str:
        try:
            target = single_values(incoming.query).get("next", "")
        except ValueError:
            target = ""
        return return_to.local_path(target) or incoming.mount + return_to.HOME

    def _page_to_return_to(self, incoming: Incoming) -> str:
        # A form can't be sent again, and a script's address is no page: return to the page that sent them.
        if incoming.method in ("GET", "HEAD") and incoming.wants_page:
            return return_to.address_of(incoming.path, incoming.query)
        origin = self._addresses.root(incoming).removesuffix(incoming.mount)
        return return_to.page_behind(incoming.header("Referer"), origin)

    def _unavailable(self, incoming: Incoming, failed: Unavailable) -> Answer:
        headers = (("Retry-After", str(failed.retry_after)),)
        if not incoming.wants_page:
            return refusal(503, "temporarily_unavailable", headers=headers)
        link = return_to.HOME
        if incoming.method in ("GET", "HEAD"):
            link = return_to.address_of(incoming.path, incoming.query)
        return page(incoming, 503, "unavailable", link=link, headers=headers)
