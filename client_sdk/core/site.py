"""A site and its people: the one object an adapter needs."""

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
        # Its threads know nothing of the site, so that they end with it.
        weakref.finalize(self, self._follower.stop).atexit = False
        known = (self._sessions, self._view)
        self._standings = RequestSessions(
            settings, self._clock, self._addresses, *known, self._asker, self._follower
        )
        attempts = LoginAttempts(settings, self._clock, random)
        self.links = SignedLinks(settings, self._clock.wall)
        self._tokens = BrowserTokens(settings, self._clock, center, self._addresses, self._sessions)
        shared = (self._sessions, self._tokens, self._view)
        self._signing_in = SignIn(settings, self._clock, center, self._addresses, attempts, *shared)
        self._signing_out = SignOut(settings, self._clock, center, self._addresses, *shared)
        checks = TokenChecker(settings, self._clock, center, self._view, self._follower)
        self.guard = TokenGuard(settings, self._clock, self._addresses, checks)

    def close(self) -> None:
        """Stop following the center's endings: for sites that are gone before their process is."""
        self._follower.stop()

    def standing(self, cookies: str | None, scheme: str) -> RequestSession:
        """Return how a request stands that brought the `Cookie` header `cookies` over `scheme`.

        In memory and without network while the center's feed is followed; else unless nobody asked the
        center about this session for `max_staleness`.
        """
        return self._standings.of_cookies(cookies, scheme)

    def standing_of(self, link: Link) -> RequestSession:
        """Return how the session stands that a signed link was made in: for no longer than the link lasts."""
        user, opened_at = User.from_claims(link.sid, {"sub": link.sub}), int(link.issued_at * 1000)
        return self._standings.of_session(LocalSession(user, link.issued_at, opened_at, link.expires_at))

    def fresh(
        self, standing: RequestSession, cookies: str | None, scheme: str, *, refused: str = ""
    ) -> FreshToken | None:
        """Return the access token of who stands so, or None when that is nobody.

        `refused` is one that was refused before its time and must be replaced. Raises BadSettings when tokens
        are not kept, LoginNeeded when they are gone, and Unavailable.
        """
        if not self._tokens.is_on:
            raise BadSettings("the access token of somebody signed in needs keep_tokens=True")
        if standing.failure is not None:
            raise standing.failure.again()
        if standing.session is None:
            return None
        return self._tokens.fresh(cookies, scheme, standing.session, refused=refused)

    def answer_failure(self, incoming: Incoming, failed: LoginNeeded | Unavailable) -> Answer:
        """Answer a request in which `fresh` raised this: a new login, or 503."""
        if isinstance(failed, Unavailable):
            return self._unavailable(incoming, failed)
        log.info("a new login is needed: %s", failed)
        answered = self.refuse(incoming, NOBODY)
        return replace(answered, headers=answered.headers + failed.headers)

    def refuse(self, incoming: Incoming, standing: RequestSession) -> Answer:
        """Answer a request for a page that needs somebody signed in and has nobody.

        A person is sent to the center, a script gets 401 with the address to send the person to; when it
        can't be decided, 503, and the cookie stays.
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
        """Answer a request of somebody who lacks a role; they may sign out and come back as another."""
        if incoming.wants_page:
            return page(incoming, 403, "forbidden", link=self.logout_url(session, incoming.mount))
        return refusal(403, "forbidden")

    def answer(self, route: str, incoming: Incoming) -> Answer:
        """Answer a request to one of the SDK's own endpoints, a name of `ROUTES`."""
        if incoming.method not in ROUTES[route]:
            # Above all HEAD, which frameworks route like GET: a link checker must neither redeem a grant
            # nor sign anyone out.
            return answer(405, headers=(("Allow", ", ".join(ROUTES[route])),))
        notice_fork()
        try:
            return self._endpoint(route, incoming)
        except Unavailable as failed:
            return self._unavailable(incoming, failed)

    def logout_url(self, session: LocalSession | None, mount: str) -> str:
        """Return the local address for a sign-out link or form."""
        return self._addresses.logout(mount, self._signing_out.token(session) if session else "")

    def _moment(self) -> Moment:
        return Moment(self._clock.steady(), self._view.position)

    def _endpoint(self, route: str, incoming: Incoming) -> Answer:
        if route == "login":
            return self._begin(incoming, self._asked_for(incoming), "")
        if route == "callback":
            return self._signing_in.finish(incoming)
        if route == "logout":
            return self._signing_out.start(incoming)
        if route == "signed-out":
            return self._signing_out.signed_out(incoming)
        return self._signing_out.receive(incoming)

    def _begin(self, incoming: Incoming, target: str, ended_sid: str) -> Answer:
        try:
            return self._signing_in.begin(incoming, target, ended_sid)
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
        # A form can't be sent again for the person, and a script's own address is no page: back to
        # where either stood.
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
