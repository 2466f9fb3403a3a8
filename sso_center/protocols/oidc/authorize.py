"""/authorize: a site sends the browser here and gets it back with a code (OpenID Connect Core section 3.1.2).

1. Who asks, and where to: both must be registered, else the error is shown and the browser goes nowhere.
2. What is asked: an ordered table of checks (checks.py); from here on an error goes back to the site.
3. A grant, in one round trip to Redis; or a login or the person's consent first, and then the browser comes
   back with this request.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from wsgiref.types import WSGIEnvironment

from flask import Blueprint, Response, request

from sso_center.base.urls import with_query
from sso_center.core.clients import Client
from sso_center.core.grants import GrantRequest, Issued
from sso_center.core.sessions import Session, Visit
from sso_center.protocols import browser_post, reauthentication
from sso_center.protocols.oidc import addresses, id_token_hint
from sso_center.protocols.oidc.authorization_request import (
    AuthorizationError,
    AuthorizationRequest,
    ConsentRequired,
    InvalidRequest,
    LoginRequired,
)
from sso_center.protocols.oidc.checks import CHECKS
from sso_center.protocols.parameters import Parameters, parse
from sso_center.protocols.redirects import found, see_other
from sso_center.services import Services
from sso_center.web import browser
from sso_center.web.address import Caller, caller_in
from sso_center.web.errors import ShownError
from sso_center.web.sign_in import MAX_LOCALES, not_too_long, sign_in_address

log = logging.getLogger(__name__)

MAX_QUERY = 3600
"""The longest request, in characters: with its marks it must still fit into `next`."""


@dataclass(frozen=True)
class AuthorizeAnswer:
    """Where the browser goes, and what its session cookie turned out to be; None when nobody looked."""

    location: str
    visit: Visit | None = None


def blueprint(services: Services) -> Blueprint:
    """Return /authorize, which changes nothing that another site couldn't ask for."""
    endpoint = Authorize(services)

    def authorize() -> Response:
        if request.method == "POST":
            return see_other(f"{addresses.AUTHORIZE}?{browser_post.form_as_query(MAX_QUERY)}")
        answered = endpoint.answer(request.environ, browser.cookie())
        if answered.visit is not None:
            browser.note(answered.visit)
        return found(answered.location)

    return browser_post.blueprint("authorize", __name__, addresses.AUTHORIZE, authorize)


def site_name(services: Services, query: str) -> str | None:
    """Return the name of the site that makes this request; None when the request is made up."""
    client = services.clients.find(parse(query).get("client_id") or "")
    return client.name if client else None


@dataclass(frozen=True)
class Authorize:
    """The endpoint. It knows nothing of Flask: authorize_fast_path.py asks it before Flask."""

    services: Services

    def answer(self, environ: WSGIEnvironment, cookie: str | None) -> AuthorizeAnswer:
        """Answer a GET that came with this session cookie.

        Raises ShownError when the request can't be trusted, Unavailable when a store is away.
        """
        asked = self.read(environ.get("QUERY_STRING", ""))
        try:
            for check in CHECKS:
                check(asked)
            return self._decide(asked, cookie, caller_in(environ, self.services.settings.trusted_proxies))
        except AuthorizationError as refused:
            return AuthorizeAnswer(self.refuse(asked, refused))

    def read(self, whole_query: str) -> AuthorizationRequest:
        """Return what is asked by whom, from a query with our marks; `CHECKS` have not looked at it yet.

        Raises ShownError when client or redirect address can't be trusted.
        """
        keys, clock = self.services.keys, self.services.clock
        whole_query = browser_post.checked(whole_query, MAX_QUERY + reauthentication.MAX_MARKS)
        demanded = reauthentication.read(keys, clock, whole_query)
        query = browser_post.checked(demanded.query, MAX_QUERY)
        parameters = parse(query)
        client = self._client(parameters)
        redirect_uri = _redirect_uri(client, parameters)
        at, consent_at = demanded.login_at, demanded.consent_at
        return AuthorizationRequest(client, redirect_uri, parameters, query, at, consent_at)

    def refuse(self, asked: AuthorizationRequest, refused: AuthorizationError) -> str:
        """Return where a refusal is told to the site."""
        log.info("/authorize refused: %s", refused.code, extra={"client_id": asked.client.client_id})
        return self._back(asked, {"error": refused.code, "error_description": refused.message})

    def _client(self, parameters: Parameters) -> Client:
        client_id = parameters.get("client_id")
        if client_id is None:
            raise ShownError("client_id is missing, or stands there twice.")
        client = self.services.clients.find(client_id)
        if client is None:
            raise ShownError("No site is registered under this client_id.", detail=client_id[:100])
        return client

    def _decide(self, asked: AuthorizationRequest, cookie: str | None, caller: Caller) -> AuthorizeAnswer:
        must_login = asked.must_login
        has_hint = asked.parameters.get("id_token_hint") is not None
        if has_hint and self._is_somebody_else(asked, cookie):
            must_login = True
        if asked.must_consent and (visit := self._must_consent_first(asked, cookie, must_login=must_login)):
            return AuthorizeAnswer(self._to_consent(asked, demanded_at=self.services.clock()), visit)
        issued = self.services.grants.issue(cookie, _grant_request(asked, caller, must_login=must_login))
        is_demanded = must_login or has_hint or asked.max_age is not None
        return AuthorizeAnswer(self._next(asked, issued, is_demanded=is_demanded), issued.visit)

    def _next(self, asked: AuthorizationRequest, issued: Issued, *, is_demanded: bool) -> str:
        if self.services.clients.find(asked.client.client_id) != asked.client:
            # Changed or removed elsewhere, as asking the store has told: once more, with what is true now.
            return f"{addresses.AUTHORIZE}?{asked.query}"
        if issued.code is not None:
            return self._back(asked, {"code": issued.code})
        if asked.is_silent and issued.needs_consent:
            return self.refuse(asked, ConsentRequired("The person was not asked yet."))
        if asked.is_silent:
            return self.refuse(asked, LoginRequired("Nobody is signed in, or not recently enough."))
        if issued.needs_consent:
            return self._to_consent(asked, demanded_at=asked.consent_demanded_at)
        return self._to_login(asked, is_demanded=is_demanded)

    def _must_consent_first(
        self, asked: AuthorizationRequest, cookie: str | None, *, must_login: bool
    ) -> Visit | None:
        """Return the visit of a person whose login is good, and who was not asked since it was demanded."""
        visit = self.services.sessions.visit(cookie)
        session = visit.session
        if session is None or not _is_recent(asked, session, self.services.clock(), must_login=must_login):
            # The login comes first, or nobody would know who is asked.
            return None
        given = session.user.consent_to(asked.client.client_id)
        at = asked.consent_demanded_at
        return None if given is not None and at is not None and given.granted_at > at else visit

    def _to_consent(self, asked: AuthorizationRequest, *, demanded_at: int | None) -> str:
        whole = reauthentication.Reauthentication(asked.query, asked.demanded_at, demanded_at)
        return with_query(
            addresses.CONSENT,
            next=f"{addresses.AUTHORIZE}?{reauthentication.write(self.services.keys, whole)}",
            ui_locales=not_too_long(asked.parameters.get("ui_locales"), MAX_LOCALES),
        )

    def _is_somebody_else(self, asked: AuthorizationRequest, cookie: str | None) -> bool:
        hint = id_token_hint.read(self.services.keys, asked.parameters.get("id_token_hint") or "")
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
        at = self.services.clock() if is_demanded else None
        query = reauthentication.write(
            self.services.keys, reauthentication.Reauthentication(asked.query, at, asked.consent_demanded_at)
        )
        return sign_in_address(
            f"{addresses.AUTHORIZE}?{query}",
            again=is_demanded,
            login_hint=asked.parameters.get("login_hint"),
            ui_locales=asked.parameters.get("ui_locales"),
        )

    def _back(self, asked: AuthorizationRequest, answer: Mapping[str, str]) -> str:
        # `iss` lets a site that uses several centers see which one answered (RFC 9207).
        told = {**answer, "iss": self.services.settings.issuer}
        if asked.state is not None:
            told["state"] = asked.state
        uri = asked.redirect_uri
        return f"{uri}{'&' if '?' in uri else '?'}{urlencode(told)}"


def _grant_request(asked: AuthorizationRequest, caller: Caller, *, must_login: bool) -> GrantRequest:
    after = asked.demanded_at
    return GrantRequest(
        client_id=asked.client.client_id,
        redirect_uri=asked.redirect_uri,
        scope=asked.granted_scope,
        nonce=asked.parameters.get("nonce"),
        code_challenge=asked.parameters.get("code_challenge"),
        needs_consent=asked.client.is_third_party,
        # Once a login was demanded, one that is younger than the demand is what counts.
        max_age=asked.max_age if after is None else None,
        must_login=must_login and after is None,
        # Younger, not as old: the session that was there may be of that very millisecond.
        authenticated_after=None if after is None else after + 1,
        address=caller.address,
        user_agent=caller.user_agent,
    )


def _is_recent(asked: AuthorizationRequest, session: Session, now: int, *, must_login: bool) -> bool:
    """Say whether a session's login is all that the request asks of one."""
    if asked.demanded_at is not None:
        return session.auth_time > asked.demanded_at
    return not must_login and (asked.max_age is None or session.auth_time >= now - asked.max_age * 1000)


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
