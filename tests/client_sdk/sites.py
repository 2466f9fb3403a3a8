"""A site that uses the SDK, served over HTTP by a thread of the test, with clocks the test moves."""

import itertools
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from multiprocessing.sharedctypes import RawValue
from typing import Any

from flask import Flask, Response, request, send_file
from werkzeug.serving import WSGIRequestHandler, make_server

from client_sdk.core.clock import Clock
from client_sdk.flask import SSO
from client_sdk.testing import FakeCenter
from tests.harness.browser import Browser, Page
from tests.harness.center import Center

FILM = bytes(range(256)) * 8
_numbers = itertools.count(1)


class Times:
    """Two clocks that stand on the system's and move when told, in forked processes too."""

    def __init__(self) -> None:
        system = Clock()
        self._ahead = RawValue("d")
        self.clock = Clock(
            wall=lambda: system.wall() + int(self._ahead.value * 1000),
            steady=lambda: system.steady() + int(self._ahead.value * 1000),
        )

    def move(self, seconds: float) -> None:
        """Let time pass for both, in seconds."""
        self._ahead.value += seconds


class RunningSite:
    """A small shop; `url` is where browsers find it."""

    def __init__(self, center: FakeCenter | Center, times: Times, *, port: int = 0, **settings: Any) -> None:
        given = {
            "issuer": center.issuer,
            "client_id": f"shop{next(_numbers)}",
            "client_secret": "only the shop and the center know",
            "clock": times.clock,
            # Most tests count questions, and following saves them: see test_feed_follower.py.
            "follow": False,
            **settings,
        }
        self.client_id: str = given["client_id"]
        self.app = Flask(__name__)
        self.sso = SSO(self.app, **given)
        _add_pages(self.app, self.sso)
        self._server = make_server("127.0.0.1", port, self.app, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def cookie(self) -> str:
        """Return the name of the session's cookie."""
        return f"sso-{self.client_id}"

    @contextmanager
    def another_process(self) -> Iterator[str]:
        """Serve the site from a forked process too, while the block runs; yields its address."""
        server = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=_Quiet)
        child = os.fork()
        if child == 0:
            # Linux ends it when the test does not get so far.
            signal.alarm(120)
            try:
                server.serve_forever()
            finally:
                os._exit(1)
        try:
            server.server_close()
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def close(self) -> None:
        """Stop serving, and following."""
        self.app.extensions["sso"].close()
        self._server.shutdown()
        self._server.server_close()

    def sign_in(self, browser: Browser, path: str = "/") -> Page:
        """Open a page and follow every redirect; the fake center must know who is at the keyboard."""
        return browser.follow(browser.get(self.url + path))

    def tell(self, logout_token: str) -> Page:
        """Deliver a logout token, as the center does."""
        return Browser().post(f"{self.url}/sso/backchannel-logout", {"logout_token": logout_token})


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        pass


def _add_pages(app: Flask, sso: SSO) -> None:
    @app.route("/", methods=["GET", "POST"])
    @sso.login_required
    def home() -> str:
        assert sso.user is not None
        return json.dumps(
            {
                "username": sso.user.username,
                "roles": sso.user.roles,
                "sid": sso.user.sid,
                "claims": sso.user.claims,
                "asked_for": request.query_string.decode(),
                "logout_url": sso.logout_url,
            }
        )

    @app.get("/token")
    @sso.login_required
    def token() -> str:
        return sso.access_token or ""

    @app.get("/another-token")
    @sso.login_required
    def another_token() -> str:
        return sso.renew_access_token(request.args["refused"]) or ""

    @app.route("/api", methods=["GET", "POST"])
    @sso.token_required()
    def api() -> str:
        return sso.token.username if sso.token else ""

    @app.route("/film/<name>", methods=["GET", "POST"])
    @sso.link_or_login_required
    def film(name: str) -> Response:
        answer = send_file(BytesIO(FILM), mimetype="video/mp4", conditional=True, etag=name)
        answer.headers["For"] = sso.link.sub if sso.link else "-"
        return answer

    @app.get("/playlist")
    @sso.link_or_login_required
    def playlist() -> str:
        return sso.signed_link("film", 3600, name="part.mp4")

    @app.get("/link")
    @sso.login_required
    def link() -> str:
        return sso.signed_link(request.args["to"], float(request.args.get("seconds", "60")))

    @app.get("/link-for-a-token")
    @sso.token_required()
    def link_for_a_token() -> str:
        return sso.signed_link("/film/a.mp4?size=big")

    @app.get("/café/<path:rest>")
    @sso.login_required
    def elsewhere(rest: str) -> str:
        return f"{rest}|{request.args.get('q', '')}"

    @app.get("/staff")
    @sso.roles_required("staff")
    def staff() -> str:
        return "for staff"

    @app.get("/public")
    def public() -> str:
        return sso.user.username if sso.user else "nobody"

    @app.get("/untouched")
    def untouched() -> str:
        return "the same for everybody"

    @app.get("/cached")
    @sso.login_required
    def cached() -> Response:
        return Response("mine", headers={"Cache-Control": "public, max-age=60", "Vary": "Accept"})
