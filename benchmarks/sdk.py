"""What the SDK adds to a request of a site: a route with `login_required`, in turn with the same one bare."""

import time
from statistics import median
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.test import EnvironBuilder

from client_sdk.flask import SSO
from client_sdk.testing import FakeCenter, Person

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

BATCH = 2000


def added_microseconds(*, batches: int) -> float:
    """CPU microseconds that the SDK adds to a request of somebody signed in; the median over batches in turn.

    No network is in it: the session was asked about at the start, and that holds for as long as this takes.
    """
    guarded, cookie = _site_with_sdk()
    bare = _bare_site()
    environ = EnvironBuilder("/", headers=[("Cookie", cookie)]).get_environ()
    for site in (bare, guarded):
        _seconds_for(site, environ)
    pairs = [(_seconds_for(bare, environ), _seconds_for(guarded, environ)) for _ in range(batches)]
    return median(with_sdk - without for without, with_sdk in pairs) / BATCH * 1e6


def _bare_site() -> "WSGIApplication":
    app = Flask("bare")

    @app.get("/")
    def home() -> str:
        return "hello Alice"

    return app.wsgi_app


def _site_with_sdk() -> tuple["WSGIApplication", str]:
    center = FakeCenter()
    app = Flask("shop")
    sso = SSO()
    sso.init_app(
        app, transport=center.transport, issuer=center.issuer, client_id="shop", client_secret="secret"
    )

    @app.get("/")
    @sso.login_required
    def home() -> str:
        assert sso.user is not None
        return f"hello {sso.user.name}"

    center.log_in(Person("alice"))
    page = center.sign_in(app.test_client(), "/")
    assert page.status_code == 200, page.text
    return app.wsgi_app, page.request.environ["HTTP_COOKIE"]


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
