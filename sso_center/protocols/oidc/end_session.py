"""/logout: a site, or the person, asks to sign out (OpenID Connect RP-Initiated Logout 1.0).

1. What is asked: by which site, with which proof, and where to go afterwards; what can't be trusted is shown.
2. Whose session: this browser's. A site that brings an ID token of exactly this session ends it at once;
   everybody else's request is put to the person first, or any page could sign people out.
3. It ends by the one path there is: this browser's session, or as the person chose, everything of theirs, or
   only what the one site has of it. The sites that can only be asked through the browser are, and it goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, request

from sso_center.base.errors import Unavailable
from sso_center.base.urls import with_query
from sso_center.core.clients import Client
from sso_center.core.journal import Ending
from sso_center.core.reasons import Reason
from sso_center.core.sessions import Session
from sso_center.protocols import browser_post
from sso_center.protocols.oidc import addresses, frontchannel, id_token_hint
from sso_center.protocols.oidc.frontchannel import EndedSession
from sso_center.protocols.parameters import Parameters, parse
from sso_center.protocols.redirects import see_other
from sso_center.services import Services
from sso_center.web import browser, csrf, headers
from sso_center.web.errors import ShownError
from sso_center.web.pages import render

MAX_QUERY = 7000
SCOPE = "scope"
"""The field of our own form that says how far the person signs out."""

BROWSER, EVERYWHERE, SITE = "browser", "everywhere", "site"

LOOK_FOR = 3
"""Seconds that the browser is given to load what the sites have it show, before it goes on."""

PASSED_ON = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


@dataclass(frozen=True)
class LogoutRequest:
    """A request to sign out: `target` is where the browser goes afterwards, already checked.

    `mistake` says why it goes nowhere although the site asked for it.
    """

    parameters: Parameters
    client: Client | None
    hint: id_token_hint.IDTokenHint | None
    target: str | None
    mistake: ShownError | None = None


def blueprint(services: Services) -> Blueprint:
    """Return /logout, which looks at CSRF tokens itself: another site's form asks, ours confirms."""
    return browser_post.blueprint("logout", __name__, addresses.END_SESSION, EndSession(services).answer)


@dataclass(frozen=True)
class EndSession:
    """The endpoint."""

    services: Services

    def answer(self) -> Response:
        """Answer the current request."""
        if request.method == "GET":
            return self._asked(self._read(browser_post.query(MAX_QUERY)))
        sent = browser_post.form_as_query(MAX_QUERY)
        if csrf.FIELD not in request.form:
            return see_other(f"{addresses.END_SESSION}?{sent}")
        try:
            current_app.extensions["csrf"].protect()
        except csrf.CSRFError:
            # The page was open for too long, or the form is not ours: either way the person is asked.
            return self._asked(self._read(sent), status=400)
        return self._confirmed(self._read(sent))

    def _asked(self, asked: LogoutRequest, *, status: int = 200) -> Response:
        session, proof = browser.current(), asked.hint
        if session is not None and proof is not None and (proof.sid, proof.sub) == (session.sid, session.sub):
            # Logged out means logged out: a wrong address keeps the browser from going there, nothing else.
            return self._end(asked, session, actor=f"client:{proof.client_id}")
        if asked.mistake is not None:
            raise asked.mistake
        if session is None:
            return self._done(asked)
        headers.let_forms_lead_elsewhere()
        fields = {name: value for name in PASSED_ON if (value := asked.parameters.get(name)) is not None}
        return render(
            "logout.html",
            status,
            fields=fields,
            client_name=asked.client.name if asked.client else None,
            can_leave=asked.client is not None and self._is_in(session, asked.client),
            user=session.user,
        )

    def _confirmed(self, asked: LogoutRequest) -> Response:
        if asked.mistake is not None:
            raise asked.mistake
        session, scope = browser.current(), request.form.get(SCOPE, BROWSER)
        if session is None:
            return self._done(asked)
        if scope == SITE and asked.client is not None:
            return self._leave(asked, session, asked.client)
        return self._end(asked, session, actor=session.sub, scope=scope)

    def _is_in(self, session: Session, client: Client) -> bool:
        view = self.services.sessions.view(session.sid)
        return view is not None and client.client_id in view.client_ids

    def _leave(self, asked: LogoutRequest, session: Session, client: Client) -> Response:
        number = self.services.endings.leave(session.sid, client.client_id, session.sub)
        left = EndedSession(number, session.sid, session.sub, (client.client_id,)) if number else None
        return self._go_on(asked, left, scope=SITE)

    def _end(self, asked: LogoutRequest, session: Session, *, actor: str, scope: str = BROWSER) -> Response:
        try:
            ending = self.services.endings.end_session(session.sid, Reason.LOGOUT, actor)
            if scope == EVERYWHERE:
                # Counts at once for everything else of theirs; the courier ends it one by one.
                self.services.mass_endings.cut_off("user", session.sub, Reason.LOGOUT, actor)
        except Unavailable as away:
            return self._half_done(asked, away, scope)
        return self._done(asked, ending, scope=scope)

    def _half_done(self, asked: LogoutRequest, away: Unavailable, scope: str) -> Response:
        # Raises again when even the session could not be closed: then nothing has happened.
        if self.services.sessions.visit(browser.cookie()).session is not None:
            raise away
        response = _signed_out(asked, status=503, pending=scope)
        response.headers["Retry-After"] = str(away.retry_after)
        return response

    def _done(self, asked: LogoutRequest, ending: Ending | None = None, *, scope: str = BROWSER) -> Response:
        browser.forget()
        left = EndedSession(ending.number, ending.sid, ending.sub, ending.participants) if ending else None
        return self._go_on(asked, left, scope=scope)

    def _go_on(self, asked: LogoutRequest, left: EndedSession | None, *, scope: str) -> Response:
        try:
            frames = frontchannel.show(self.services, left)
        except Unavailable:
            # Logged out is logged out: nobody is asked through the browser then, as nobody would know of it.
            frames = []
        if asked.target is not None and not frames:
            return see_other(asked.target)
        return _signed_out(asked, scope=scope, frames=frames)

    def _read(self, query: str) -> LogoutRequest:
        parameters = parse(query)
        if parameters.broken:
            raise ShownError(parameters.problem)
        token = parameters.get("id_token_hint")
        hint = id_token_hint.read(self.services.keys, token) if token else None
        client = self._client(parameters.get("client_id"), hint)
        try:
            return LogoutRequest(parameters, client, hint, _target(client, parameters))
        except ShownError as mistake:
            return LogoutRequest(parameters, client, hint, None, mistake)

    def _client(self, client_id: str | None, hint: id_token_hint.IDTokenHint | None) -> Client | None:
        if hint is not None and client_id not in (None, hint.client_id):
            raise ShownError("The id_token_hint was issued to another site than client_id names.")
        if hint is not None:
            # A site that was removed since is unknown, yet its people may still sign out.
            return self.services.clients.find(hint.client_id)
        if client_id is None:
            return None
        client = self.services.clients.find(client_id)
        if client is None:
            raise ShownError("No site is registered under this client_id.", detail=client_id[:100])
        return client


def _target(client: Client | None, parameters: Parameters) -> str | None:
    uri = parameters.get("post_logout_redirect_uri")
    if uri is None:
        return None
    if client is None:
        raise ShownError("post_logout_redirect_uri needs a valid id_token_hint, or client_id.")
    if not client.has_post_logout_redirect_uri(uri):
        raise ShownError(
            "This post_logout_redirect_uri is not registered for the site.",
            hint="It must be the same as a registered one, character by character.",
            detail=f"{client.client_id}: {uri[:200]}",
        )
    return with_query(uri, state=parameters.get("state"))


def _signed_out(
    asked: LogoutRequest,
    *,
    status: int = 200,
    scope: str = BROWSER,
    pending: str = "",
    frames: Sequence[str] = (),
) -> Response:
    client = asked.client
    return render(
        "signed_out.html",
        status,
        continue_url=asked.target or (client.home_uri if client else None),
        client_name=client.name if client else None,
        go_on_after=LOOK_FOR if asked.target and frames else None,
        frames=frames,
        scope=scope,
        pending=pending,
    )
