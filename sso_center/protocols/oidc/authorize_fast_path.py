"""The fast path of /authorize: redirect a browser before Flask is asked.

Nearly every request there needs no page, no form and no language: a living session, a grant, a redirect. The
same endpoint that Flask serves answers it here. Everything else (a page, a store that is away, a copied
cookie) goes on to Flask, which asks the endpoint again.
"""

import logging
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sso_center.base.errors import Unavailable
from sso_center.core.sessions import Outcome
from sso_center.protocols.oidc import addresses
from sso_center.protocols.oidc.authorize import Authorize, AuthorizeAnswer
from sso_center.services import Services
from sso_center.web import headers, metrics
from sso_center.web.errors import ShownError
from sso_center.web.logging import FRONT_ID, request_id
from sso_center.web.session_cookie import SessionCookie

log = logging.getLogger(__name__)


class AuthorizeFastPath:
    """A WSGI application: answers what it can of GET /authorize itself, and passes everything else on."""

    def __init__(self, application: WSGIApplication, services: Services) -> None:
        self._application = application
        self._authorize = Authorize(services)
        self._cookie = SessionCookie(services.settings, services.clock)
        self._headers = (
            ("Cache-Control", "no-store"),
            ("Content-Length", "0"),
            *headers.for_programs(services.settings),
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if environ["PATH_INFO"] == addresses.AUTHORIZE and environ["REQUEST_METHOD"] == "GET":
            began = time.perf_counter()
            answered = self._answer(environ)
            if answered is not None:
                start_response("302 Found", self._redirect(answered))
                metrics.count(addresses.AUTHORIZE, 302, time.perf_counter() - began)
                return ()
        return self._application(environ, start_response)

    def _answer(self, environ: WSGIEnvironment) -> AuthorizeAnswer | None:
        under = request_id.set(environ.get(FRONT_ID, ""))
        try:
            answered = self._authorize.answer(environ, self._cookie.read(environ))
        except (ShownError, Unavailable):
            # Flask comes upon it too, and has a page for it.
            return None
        except Exception:
            # Our mistake. Flask, asked once more, may do better; but nobody is to live with it unknowingly.
            log.exception("the fast path failed")
            metrics.count_failure("authorize_fast_path")
            return None
        finally:
            request_id.reset(under)
        is_copied = answered.visit is not None and answered.visit.outcome is Outcome.REUSE
        return None if is_copied else answered

    def _redirect(self, answered: AuthorizeAnswer) -> list[tuple[str, str]]:
        found = [("Location", answered.location), *self._headers]
        visit = answered.visit
        if visit is not None and visit.session is not None and visit.successor is not None:
            found.append(("Set-Cookie", self._cookie.header(visit.successor, visit.session)))
        return found
