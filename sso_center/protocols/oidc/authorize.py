"""/authorize: a site sends the browser here and gets it back with a code (OpenID Connect Core section 3.1.2).

1. Who asks, and where to: both must be registered, else the error is shown and the browser goes nowhere.
2. What is asked: an ordered table of checks (checks.py); from here on an error goes back to the site.
3. A grant, in one round trip to Redis; or a login first, and then the browser comes back with this request.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from sso_center.core.clients import Client
from sso_center.core.grants import GrantRequest
from sso_center.core.sessions import Visit
from sso_center.protocols import posted
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


@dataclass(frozen=True)
class Answered:
    """Where the browser goes, and what its session cookie turned out to be; None when nobody looked."""

    location: str
    visit: Visit | None = None


def blueprint(services: Services) -> Blueprint:
    """Return /authorize, which changes nothing that another site couldn't ask for."""
    endpoint = Authorize(services)

    def authorize() -> Response:
        if request.method == "POST":
            return see_other(f"{addresses.AUTHORIZE}?{posted.form_as_query(MAX_QUERY)}")
        answered = endpoint.answer(request.environ.get("QUERY_STRING", ""), browser.cookie())
        if answered.visit is not None:
            browser.note(answered.visit)
        return found(answered.location)

    return posted.blueprint("authorize", __name__, addresses.AUTHORIZE, authorize)


@dataclass(frozen=True)
class Authorize:
    """The endpoint; knows nothing of Flask, so that it can be asked before Flask is (straight.py)."""

    services: Services

    def answer(self, query: str, cookie: str | None) -> Answered:
        """Answer a GET with this query and session cookie.

        Raises ShownError when the request can't be trusted, Unavailable when a store is away.
        """
        asked = self._trusted(posted.checked(query, MAX_QUERY))
        try:
            for check in CHECKS:
                check(asked)
            return self._decide(asked, cookie)
        except AuthorizationError as refused:
            return Answered(self._refused(asked, refused))

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

    def _decide(self, asked: AuthorizationRequest, cookie: str | None) -> Answered:
        must_login = asked.must_login
        has_hint = asked.parameters.get("id_token_hint") is not None
        if has_hint and self._is_somebody_else(asked, cookie):
            must_login = True
        after = asked.demanded_at
        issued = self.services.grants.issue(
            cookie,
            GrantRequest(
                client_id=asked.client.client_id,
                redirect_uri=asked.redirect_uri,
                scope=asked.granted_scope,
                nonce=asked.parameters.get("nonce"),
                code_challenge=asked.parameters.get("code_challenge"),
                max_age=asked.max_age if after is None else None,
                must_login=must_login and after is None,
                # Younger, not as old: the session that was there may be of that very millisecond.
                authenticated_after=None if after is None else after + 1,
            ),
        )
        is_demanded = must_login or has_hint or asked.max_age is not None
        return Answered(self._next(asked, issued.code, is_demanded=is_demanded), issued.visit)

    def _next(self, asked: AuthorizationRequest, code: str | None, *, is_demanded: bool) -> str:
        if self.services.clients.find(asked.client.client_id) != asked.client:
            # Changed or removed elsewhere, as asking the store has told: once more, with what is true now.
            return f"{addresses.AUTHORIZE}?{asked.query}"
        if code is not None:
            return self._back(asked, {"code": code})
        if asked.is_silent:
            return self._refused(asked, LoginRequired("Nobody is signed in, or not recently enough."))
        return self._to_login(asked, is_demanded=is_demanded)

    def _is_somebody_else(self, asked: AuthorizationRequest, cookie: str | None) -> bool:
        hint = hints.read(self.services.keys, asked.parameters.get("id_token_hint") or "")
        if hint is None or hint.client_id != asked.client.client_id:
            raise InvalidRequest("The id_token_hint is not an ID token of this site.")
        session = self.services.sessions.visit(cookie).session
        if session is None or session.sub == hint.sub:
            return False
        has_just_come = asked.demanded_at is not None and session.auth_time > asked.demanded_at
        if asked.is_silent or has_just_come:
            raise LoginRequired("Somebody else is signed in.")
        return True

    def _to_login(self, asked: AuthorizationRequest, *, is_demanded: bool) -> str:
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
        return f"{addresses.LOGIN}?{urlencode(more)}"

    def _refused(self, asked: AuthorizationRequest, refused: AuthorizationError) -> str:
        log.info("/authorize refused: %s", refused.code, extra={"client_id": asked.client.client_id})
        return self._back(asked, {"error": refused.code, "error_description": refused.message})

    def _back(self, asked: AuthorizationRequest, answer: Mapping[str, str]) -> str:
        # `iss` lets a site that uses several centers see which one answered (RFC 9207).
        told = {**answer, "iss": self.services.settings.issuer}
        if asked.state is not None:
            told["state"] = asked.state
        uri = asked.redirect_uri
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode(told)}"


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
