"""/consent: a person is asked whether a site that is not of their organisation may have what it asks for.

1. What is asked: the request at /authorize that waits behind this page, looked at as /authorize itself does.
2. Who is asked: whoever is signed in; nobody, and the browser goes back to /authorize and on to the login.
3. The answer, which must be of that person and to what was shown. Allowed is remembered and the request goes
   on; denied is told to the site (RFC 6749 section 4.1.2.1).
"""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from sso_center.base.actor import Actor, Origin
from sso_center.base.profile import ProfileTable
from sso_center.base.urls import with_query
from sso_center.core.sessions import Session
from sso_center.protocols.oidc import addresses
from sso_center.protocols.oidc.authorization_request import (
    AccessDenied,
    AuthorizationError,
    AuthorizationRequest,
)
from sso_center.protocols.oidc.authorize import Authorize
from sso_center.protocols.oidc.checks import CHECKS
from sso_center.protocols.redirects import see_other
from sso_center.services import Services
from sso_center.web import browser, headers
from sso_center.web.address import caller_in
from sso_center.web.csrf import CSRFError
from sso_center.web.errors import ShownError
from sso_center.web.language import gettext
from sso_center.web.logging import request_id
from sso_center.web.pages import render
from sso_center.web.profile_words import told_in
from sso_center.web.sign_in import sign_in_address

_WAITING = f"{addresses.AUTHORIZE}?"


@dataclass(frozen=True)
class Question:
    """What a page asks: may the site of this request, which waits at `target`, have it of this person."""

    asked: AuthorizationRequest
    target: str
    session: Session

    @property
    def scope(self) -> str:
        """What is asked for, as the form sends it back: an answer is to what was shown."""
        return " ".join(self.asked.granted_scope)


def blueprint(services: Services) -> Blueprint:
    """Return /consent, whose form only our own page can send."""
    consent = Consent(services)
    routes = Blueprint("consent", __name__)
    routes.add_url_rule(addresses.CONSENT, "show", consent.show, methods=["GET"])
    routes.add_url_rule(addresses.CONSENT, "answer", consent.answer, methods=["POST"])
    routes.register_error_handler(CSRFError, consent.show_again)
    return routes


@dataclass(frozen=True)
class Consent:
    """The page and what is answered on it."""

    services: Services

    def show(self) -> Response:
        """Ask."""
        question = self._question()
        return question if isinstance(question, Response) else _page(self.services.settings.profile, question)

    def show_again(self, _error: CSRFError) -> Response:
        """Ask once more: the form was not ours, or had been open for so long that nobody can tell."""
        question = self._question()
        if isinstance(question, Response):
            return question
        problem = gettext(
            "This page had been open for a long time. Nothing was changed; please try once more."
        )
        return _page(self.services.settings.profile, question, 400, problem)

    def answer(self) -> Response:
        """Take the answer."""
        question = self._question()
        if isinstance(question, Response):
            return question
        form = request.form
        if (form.get("sub"), form.get("scope")) != (question.session.sub, question.scope):
            # Somebody else signed in meanwhile, or the site is registered for something else now.
            problem = gettext("Something changed since this page was opened. Please decide once more.")
            return _page(self.services.settings.profile, question, 409, problem)
        if form.get("decision") != "allow":
            denied = AccessDenied("The person did not allow it.")
            return see_other(Authorize(self.services).refuse(question.asked, denied))
        self._remember(question)
        return see_other(question.target)

    def _question(self) -> Question | Response:
        """Return what is to be asked, or where the browser goes when nothing is."""
        target = request.args.get("next", "")
        if not target.startswith(_WAITING):
            raise ShownError("No request of a site waits here.")
        authorize = Authorize(self.services)
        asked = authorize.read(target.removeprefix(_WAITING))
        try:
            for check in CHECKS:
                check(asked)
        except AuthorizationError as refused:
            return see_other(authorize.refuse(asked, refused))
        session = browser.current()
        if session is None or not asked.client.is_third_party:
            return see_other(target)
        return Question(asked, target, session)

    def _remember(self, question: Question) -> None:
        sub, client_id = question.session.sub, question.asked.client.client_id
        caller = caller_in(request.environ, self.services.settings.trusted_proxies)
        actor = Actor(sub, Origin(caller.address, caller.user_agent, request_id.get()))
        self.services.administration.own.grant_consent(
            actor, question.session.sid, client_id, question.asked.granted_scope
        )


def _page(table: ProfileTable, question: Question, status: int = 200, problem: str = "") -> Response:
    headers.let_forms_lead_elsewhere()
    return render(
        "consent.html",
        status,
        client=question.asked.client,
        scope=question.asked.granted_scope,
        told=told_in(table, question.session.user, question.asked.granted_scope),
        fields={"sub": question.session.sub, "scope": question.scope},
        user=question.session.user,
        action=with_query(addresses.CONSENT, next=question.target),
        other_account=sign_in_address(question.target, again=True),
        problem=problem,
    )
