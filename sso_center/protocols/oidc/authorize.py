"""/authorize: a site sends the browser here and gets it back with a code (OpenID Connect Core section 3.1.2).

1. Who asks, and where to: both must be registered, else the error is shown and the browser goes nowhere.
2. What is asked: an ordered table of checks (checks.py); from here on an error goes back to the site.
3. A grant, in one round trip to Redis; or a login first, and then the browser comes back with this request.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request

from sso_center.core.clients import Client
from sso_center.core.grants import GrantRequest
from sso_center.protocols import posted
from sso_center.protocols.api import exempt_from_csrf
from sso_center.protocols.oidc import addresses, hints, login_demand
from sso_center.protocols.oidc.authorization_request import (
    AuthorizationError,
    AuthorizationRequest,
    InvalidRequest,
    LoginRequired,
)
from sso_center.protocols.oidc.checks import CHECKS
from sso_center.protocols.parameters import Parameters, parse
from sso_center.protocols.redirects import found, see_other
from sso_center.services import Services
from sso_center.web import browser
from sso_center.web.errors import ShownError

log = logging.getLogger(__name__)

MAX_QUERY = 3600
"""The longest request, in characters: with the login's mark it must still fit into `next`."""

MAX_LOGIN_HINT = 254


def blueprint(services: Services) -> Blueprint:
    """Return /authorize; exempt from CSRF, since it changes nothing that another site couldn't ask for."""
    made = Blueprint("authorize", __name__)
    endpoint = Authorize(services)
    made.add_url_rule(
        addresses.AUTHORIZE,
        view_func=endpoint.answer,
        endpoint="authorize",
        methods=["GET", "POST"],
        provide_automatic_options=False,
    )
    return exempt_from_csrf(made)


@dataclass(frozen=True)
class Authorize:
    """The endpoint."""

    services: Services

    def answer(self) -> Response:
        """Answer the current request."""
        if request.method == "POST":
            return see_other(f"{addresses.AUTHORIZE}?{posted.form_as_query(MAX_QUERY)}")
        if request.method != "GET":
            # A grant must not be issued to a HEAD, which nobody expects to do anything.
            abort(405, valid_methods=["GET", "POST"])
        asked = self._trusted(posted.query(MAX_QUERY))
        try:
            for check in CHECKS:
                check(asked)
            return self._decide(asked)
        except AuthorizationError as refused:
            log.info("/authorize refused: %s", refused.code, extra={"client_id": asked.client.client_id})
            return self._back(asked, {"error": refused.code, "error_description": refused.message})

    def _trusted(self, whole_query: str) -> AuthorizationRequest:
        keys, clock = self.services.keys, self.services.clock
        query, demanded_at = login_demand.unmarked(keys, clock, whole_query)
        parameters = parse(query)
        client = self._client(parameters)
        return AuthorizationRequest(client, _redirect_uri(client, parameters), parameters, query, demanded_at)

    def _client(self, parameters: Parameters) -> Client:
        client_id = parameters.get("client_id")
        if client_id is None:
            raise ShownError("client_id is missing, or stands there twice.")
        client = self.services.clients.find(client_id)
        if client is None:
            raise ShownError("No site is registered under this client_id.", detail=client_id[:100])
        return client

    def _decide(self, asked: AuthorizationRequest) -> Response:
        cookie, must_login = browser.cookie(), asked.must_login
        has_hint = asked.parameters.get("id_token_hint") is not None
        if has_hint and self._is_somebody_else(asked, cookie):
            must_login = True
        issued = self.services.grants.issue(cookie, _grant_request(asked, must_login=must_login))
        browser.note(issued.visit)
        if self.services.clients.find(asked.client.client_id) != asked.client:
            # Changed or removed elsewhere, as asking the store has told: once more, with what is true now.
            return found(f"{addresses.AUTHORIZE}?{asked.query}")
        if issued.code is not None:
            return self._back(asked, {"code": issued.code})
        if asked.is_silent:
            raise LoginRequired("Nobody is signed in, or not recently enough.")
        return self._to_login(asked, is_demanded=must_login or has_hint or asked.max_age is not None)

    def _is_somebody_else(self, asked: AuthorizationRequest, cookie: str | None) -> bool:
        hint = hints.read(self.services.keys, asked.parameters.get("id_token_hint") or "")
        if hint is None or hint.client_id != asked.client.client_id:
            raise InvalidRequest("The id_token_hint is not an ID token of this site.")
        visit = self.services.sessions.visit(cookie)
        if visit.session is None or visit.session.sub == hint.sub:
            return False
        has_just_come = asked.demanded_at is not None and visit.session.auth_time > asked.demanded_at
        if has_just_come:
            browser.note(visit)
            raise LoginRequired("Somebody else is signed in.")
        return True

    def _to_login(self, asked: AuthorizationRequest, *, is_demanded: bool) -> Response:
        query = asked.query
        if is_demanded:
            query = login_demand.marked(self.services.keys, self.services.clock, query)
        more = {"next": f"{addresses.AUTHORIZE}?{query}"}
        if is_demanded:
            more["again"] = "1"
        for name, longest in (("ui_locales", 100), ("login_hint", MAX_LOGIN_HINT)):
            value = asked.parameters.get(name)
            if value is not None and len(value) <= longest:
                more[name] = value
        return found(f"{addresses.LOGIN}?{urlencode(more)}")

    def _back(self, asked: AuthorizationRequest, answer: Mapping[str, str]) -> Response:
        # `iss` lets a site that uses several centers see which one answered (RFC 9207).
        told = {**answer, "iss": self.services.settings.issuer}
        if asked.state is not None:
            told["state"] = asked.state
        uri = asked.redirect_uri
        return found(f"{uri}{'&' if '?' in uri else '?'}{urlencode(told)}")


def _grant_request(asked: AuthorizationRequest, *, must_login: bool) -> GrantRequest:
    after = asked.demanded_at
    return GrantRequest(
        client_id=asked.client.client_id,
        redirect_uri=asked.redirect_uri,
        scope=asked.granted_scope,
        nonce=asked.parameters.get("nonce"),
        code_challenge=asked.parameters.get("code_challenge"),
        # Once a login was demanded, one that is younger than the demand is what counts.
        max_age=asked.max_age if after is None else None,
        must_login=must_login and after is None,
        # Younger, not as old: the session that was there may be of that very millisecond.
        authenticated_after=None if after is None else after + 1,
    )


def _redirect_uri(client: Client, parameters: Parameters) -> str:
    redirect_uri = parameters.get("redirect_uri")
    if redirect_uri is None:
        raise ShownError("redirect_uri is missing, or stands there twice.")
    if not client.has_redirect_uri(redirect_uri):
        raise ShownError(
            "This redirect_uri is not registered for the site.",
            hint="It must be the same as a registered one, character by character.",
            detail=f"{client.client_id}: {redirect_uri[:200]}",
        )
    return redirect_uri
