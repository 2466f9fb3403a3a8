"""What the SDK adds to a request: a guarded route of a site or of an API, in turn with the same one bare."""

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.test import EnvironBuilder

from client_sdk.core.endings.view import View
from client_sdk.core.site import Site
from client_sdk.flask import SSO
from client_sdk.testing import FakeCenter, Person

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

BATCH = 2000
FOLLOWS_WITHIN = 10.0
"""Seconds until a process must have begun to follow the feed."""


@dataclass(frozen=True)
class Added:
    """CPU microseconds that a guard adds to a request; the median over batches in turn."""

    title: str
    microseconds: float


def measure_sdk(*, batches: int) -> list[Added]:
    """Measure each guard with somebody who may pass.

    No network is in it: a thread follows the feed, answered in this process. A session that was opened
    here is proved for a while; one that another process opened counts by the feed alone. Tokens were asked
    about at the start, and that holds for as long as this takes, or, with an opaque one, for some seconds:
    its questions are in it.
    """
    center = FakeCenter()
    center.log_in(Person("alice"))
    jwt, opaque = (
        center.access_token("app", audience="shop", kind="jwt"),
        center.access_token("app", audience="shop", kind="opaque"),
    )
    guards = (
        ("login_required, somebody who signed in here", _site(center)),
        ("login_required, somebody known by the feed alone", _followed_site(center)),
        ("token_required, a JWT that is known", _api(center, jwt)),
        ("token_required, an opaque token that is known", _api(center, opaque)),
    )
    return [Added(title, _added(guarded, header, batches)) for title, (guarded, header) in guards]


def _added(guarded: "WSGIApplication", header: tuple[str, str], batches: int) -> float:
    bare = _bare()
    environ = EnvironBuilder("/", headers=[header]).get_environ()
    for route in (bare, guarded):
        _seconds_for(route, environ)
    pairs = [(_seconds_for(bare, environ), _seconds_for(guarded, environ)) for _ in range(batches)]
    return median(with_sdk - without for without, with_sdk in pairs) / BATCH * 1e6


def _bare() -> "WSGIApplication":
    app = Flask("bare")

    @app.get("/")
    def home() -> str:
        return "hello Alice"

    return app.wsgi_app


def _site(center: FakeCenter) -> tuple["WSGIApplication", tuple[str, str]]:
    app = _guarded_app(center)
    return app.wsgi_app, _sign_in(center, app)


def _followed_site(center: FakeCenter) -> tuple["WSGIApplication", tuple[str, str]]:
    """A site's process that follows the feed, and the cookie of a session that it never asked about."""
    other, here = _guarded_app(center), _guarded_app(center)
    # Both begin to follow at their first request; who signs in from then on is good as of where they are.
    first = _sign_in(center, other)
    for app in (other, here):
        _look(app, first)
        _wait_until_followed(_view_of(app))
    center.log_in(Person("bob"))
    cookie, asked = _sign_in(center, other), len(center.asked)
    _look(here, cookie)
    assert len(center.asked) == asked, "what should be known by the feed was asked about"
    return here.wsgi_app, cookie


def _guarded_app(center: FakeCenter) -> Flask:
    app, sso = _app_of(center)

    @app.get("/")
    @sso.login_required
    def home() -> str:
        assert sso.user is not None
        return f"hello {sso.user.name}"

    return app


def _sign_in(center: FakeCenter, app: Flask) -> tuple[str, str]:
    page = center.sign_in(app.test_client(), "/")
    assert page.status_code == 200, page.text
    return "Cookie", page.request.environ["HTTP_COOKIE"]


def _look(app: Flask, cookie: tuple[str, str]) -> None:
    page = app.test_client(use_cookies=False).get("/", headers=[cookie])
    assert page.status_code == 200, page.text


def _view_of(app: Flask) -> View:
    site: Site = app.extensions["sso"]
    return site._view


def _wait_until_followed(view: View) -> None:
    deadline = time.monotonic() + FOLLOWS_WITHIN
    while view.position is None:
        assert time.monotonic() < deadline, "the feed is not followed"
        time.sleep(0.01)


def _api(center: FakeCenter, token: str) -> tuple["WSGIApplication", tuple[str, str]]:
    app, sso = _app_of(center)

    @app.get("/")
    @sso.token_required()
    def home() -> str:
        assert sso.token is not None
        return f"hello {sso.token.sub}"

    return app.wsgi_app, ("Authorization", f"Bearer {token}")


def _app_of(center: FakeCenter) -> tuple[Flask, SSO]:
    app = Flask("shop")
    sso = SSO()
    sso.init_app(
        app, transport=center.transport, issuer=center.issuer, client_id="shop", client_secret="secret"
    )
    return app, sso


def _seconds_for(site: "WSGIApplication", environ: dict[str, Any]) -> float:
    statuses: list[str] = []

    def start_response(status: str, *_: Any) -> Any:
        statuses.append(status)

    began = time.process_time()
    for _ in range(BATCH):
        b"".join(site(dict(environ), start_response))
    seconds = time.process_time() - began
    assert set(statuses) == {"200 OK"}
    return seconds
