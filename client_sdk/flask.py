"""The SDK in a Flask application.

    app = Flask(__name__)
    sso = SSO(app, issuer="https://sso.example.org", client_id="shop", client_secret="...")

    @app.get("/")
    @sso.login_required
    def home():
        return f"hello {sso.user.name}"

Every setting may also stand in `app.config`, as `SSO_ISSUER` and so on.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec

try:
    from flask import Blueprint, Flask, Response, current_app, request, url_for
    from flask.typing import ResponseReturnValue
except ModuleNotFoundError as missing:
    raise ImportError('this adapter needs Flask: pip install "sso-center[flask]"') from missing

from client_sdk.core.clock import Clock
from client_sdk.core.errors import LoginNeeded, Unavailable
from client_sdk.core.http.transport import Transport
from client_sdk.core.liveness.request_session import NOBODY, RequestSession
from client_sdk.core.sessions.local_session import User
from client_sdk.core.settings import settings_from
from client_sdk.core.site import ROUTES, Site
from client_sdk.core.tokens.browser_tokens import FreshToken
from client_sdk.core.tokens.guard import AdmittedRequest, Requirements
from client_sdk.core.tokens.signed_links import Link, holder_of
from client_sdk.core.tokens.token import Token
from client_sdk.core.web.messages import MAX_FORM, Answer, Incoming

P = ParamSpec("P")
Names = str | Iterable[str]
_KEY = "sso"
_SESSION = "client_sdk.request_session"
_ADMITTED = "client_sdk.admitted"
_FRESH = "client_sdk.fresh"
_LINK = "client_sdk.link"


class SSO:
    """Signs people in at a Flask application; settings are those of `client_sdk.core.settings.Settings`."""

    def __init__(self, app: Flask | None = None, **settings: Any) -> None:
        self._given = settings
        if app is not None:
            self.init_app(app)

    def init_app(
        self, app: Flask, *, transport: Transport | None = None, clock: Clock | None = None, **settings: Any
    ) -> None:
        """Add the endpoints under `/sso` and keep signed-in pages out of caches. Raises BadSettings."""
        given = {**self._given, **settings}
        transport, clock = given.pop("transport", transport), given.pop("clock", clock)
        site = Site(settings_from(given, app.config), transport=transport, clock=clock)
        app.extensions[_KEY] = site
        app.register_blueprint(_endpoints(site))
        app.register_error_handler(LoginNeeded, _answer_failure)
        app.register_error_handler(Unavailable, _answer_failure)
        app.after_request(_finish)

    @property
    def user(self) -> User | None:
        """The person signed in, or None: also while the session can't be judged, on a page without login."""
        session = _request_session().session
        return session.user if session is not None else None

    @property
    def logout_url(self) -> str:
        """The address for a sign-out link (`<a href>`) or form (`<form method=post action>`) on this page."""
        return _site().logout_url(_request_session().session, request.script_root)

    def login_required(self, view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        """Let a view answer only somebody who is signed in."""
        return self.roles_required()(view)

    def roles_required(
        self, *roles: str
    ) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
        """Let a view answer only somebody who is signed in and has all of `roles`; others get 403."""

        def refused() -> Answer | None:
            standing = _request_session()
            if standing.session is None:
                return _site().refuse(_incoming(), standing)
            if roles and not standing.session.user.has_roles(*roles):
                return _site().forbid(_incoming(), standing.session)
            return None

        return lambda view: _guarded(view, refused)

    def link_or_login_required(
        self, view: Callable[P, ResponseReturnValue]
    ) -> Callable[P, ResponseReturnValue]:
        """Let a view answer requests with a signed link to it, or with a login: for images and videos.

        No cache stores its answers, and no other page learns their address.
        """

        def refused() -> Answer | None:
            site, incoming = _site(), _incoming()
            link = site.links.read_request(incoming)
            standing = site.session_of_link(link) if link is not None else NOBODY
            request.environ[_LINK] = link if standing.session is not None else None
            if standing.session is None and standing.failure is None:
                standing = _request_session()
            return site.refuse(incoming, standing) if standing.session is None else None

        return _guarded(view, refused)

    def signed_link(self, target: str, seconds: float = 60, **values: Any) -> str:
        """Return the address of a view under `link_or_login_required` that opens it for `seconds`.

        `target` is a local path, or an endpoint with its `values` as for `url_for`. The link is bound to the
        whole address, and to the session of the request's cookie or token: it ends with that session.
        Raises ValueError when there is no session.
        """
        address = target if target.startswith("/") else url_for(target, **values)
        holder = holder_of(self.token, self.link, _request_session().session)
        return _site().links.sign(address, seconds, holder)

    @property
    def link(self) -> Link | None:
        """The signed link of the request, with `sub` and `sid` of its holder; else None."""
        link: Link | None = request.environ.get(_LINK)
        return link

    def token_required(
        self, *, scope: Names = (), role: Names = (), audience: str | None = None
    ) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
        """Let a view of an API answer only requests with a valid token; `token` describes it.

        The token needs all of `scope` and of `role` (a name, several separated by spaces, or a list), and the
        `audience`, by default that of the setting. Refusals are those of RFC 6750.
        """
        needs = Requirements(_names(scope), _names(role), audience)

        def refused() -> Answer | None:
            environ = request.environ
            admitted = _site().guard.admit(needs, environ.get("HTTP_AUTHORIZATION"), _incoming, _fresh)
            if isinstance(admitted, Answer):
                return admitted
            environ[_ADMITTED] = admitted
            return None

        return lambda view: _guarded(view, refused)

    @property
    def access_token(self) -> str | None:
        """A valid access token of the person signed in, to call an API with; None when nobody is.

        It needs the setting `keep_tokens`. When only a new login gives a token, a page is redirected to the
        center and a script gets 401; while the center is away both get 503.
        """
        fresh = _fresh()
        return fresh.access_token if fresh is not None else None

    def renew_access_token(self, refused: str) -> str | None:
        """Return another access token than `refused`, which an API did not accept, or None.

        Removing a role, for example, revokes a person's access tokens early and leaves them signed in.
        """
        fresh = _fresh(refused=refused)
        return fresh.access_token if fresh is not None and fresh.access_token != refused else None

    @property
    def token(self) -> Token | None:
        """The token that `token_required` admitted: `sub`, `client_id`, `scope`, `roles`, ...; else None."""
        admitted: AdmittedRequest | None = request.environ.get(_ADMITTED)
        return admitted.token if admitted is not None else None


def _guarded(
    view: Callable[P, ResponseReturnValue], refused: Callable[[], Answer | None]
) -> Callable[P, ResponseReturnValue]:
    is_async = iscoroutinefunction(view)

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        refusal = refused()
        if refusal is not None:
            return _response(refusal)
        return current_app.ensure_sync(view)(*args, **kwargs) if is_async else view(*args, **kwargs)

    return guarded


def _names(given: Names) -> tuple[str, ...]:
    return tuple(given.split()) if isinstance(given, str) else tuple(given)


def _site() -> Site:
    site: Site = current_app.extensions[_KEY]
    return site


def _request_session() -> RequestSession:
    environ = request.environ
    standing: RequestSession | None = environ.get(_SESSION)
    if standing is None:
        standing = _site().standing(environ.get("HTTP_COOKIE"), environ["wsgi.url_scheme"])
        environ[_SESSION] = standing
    return standing


def _fresh(*, refused: str = "") -> FreshToken | None:
    environ = request.environ
    if _FRESH not in environ or refused:
        standing, scheme = _request_session(), environ["wsgi.url_scheme"]
        cookies = environ.get("HTTP_COOKIE")
        environ[_FRESH] = _site().fresh(standing, cookies, scheme, refused=refused)
    fresh: FreshToken | None = environ[_FRESH]
    return fresh


def _answer_failure(failed: LoginNeeded | Unavailable) -> Response:
    return _response(_site().answer_failure(_incoming(), failed))


def _incoming(form: bytes = b"") -> Incoming:
    return Incoming(
        method=request.method,
        root=request.url_root.rstrip("/"),
        mount=request.script_root,
        path=request.script_root + request.path,
        query=request.query_string.decode("latin-1"),
        header=lambda name: request.headers.get(name, ""),
        form=form,
    )


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, list(answer.headers))


def _endpoints(site: Site) -> Blueprint:
    blueprint = Blueprint("sso", __name__, url_prefix=site.settings.prefix)
    for name, methods in ROUTES.items():
        blueprint.add_url_rule(f"/{name}", name, _endpoint(site, name), methods=methods)
    return blueprint


def _endpoint(site: Site, name: str) -> Callable[[], Response]:
    def endpoint() -> Response:
        request.max_content_length = MAX_FORM
        form = request.get_data() if request.method == "POST" else b""
        return _response(site.answer(name, _incoming(form)))

    return endpoint


def _finish(response: Response) -> Response:
    environ = request.environ
    admitted: AdmittedRequest | None = environ.get(_ADMITTED)
    if _LINK in environ:
        _keep_secret(response)
    if admitted is None and _SESSION not in environ:
        return response
    _keep_private(response, ("Cookie",) if admitted is None else ("Authorization", "Cookie"))
    fresh: FreshToken | None = environ.get(_FRESH)
    added = list(admitted.headers) if admitted is not None else []
    added += [cookie.header() for cookie in fresh.cookies] if fresh is not None else []
    if added:
        response.headers["Cache-Control"] = "no-store"
        response.headers.extend(added)
    return response


def _keep_secret(response: Response) -> None:
    # The address itself opens the file: keep both from caches and other pages.
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"


def _keep_private(response: Response, vary: tuple[str, ...]) -> None:
    # The page is for this person alone: no cache may give it to anyone else, and the back button must not
    # show it after signing out.
    headers = response.headers
    present = {name.lower() for name, _ in headers}
    if "cache-control" not in present:
        headers.add("Cache-Control", "no-store")
    elif "no-store" not in headers["Cache-Control"]:
        response.cache_control.public = False
        response.cache_control.private = True
    if "vary" not in present:
        headers.add("Vary", ", ".join(vary))
    else:
        response.vary.update(vary)
