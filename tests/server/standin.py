"""What the supervisor minds in these tests: the real processes, with a small application and courier in them.

Run as a program; its arguments are one JSON object (see `process.py`). A gate is a file: whoever waits
at it goes on when it exists.
"""

import hashlib
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from flask import Flask, Response, request

from sso_center.base.errors import SSOError, Unavailable
from sso_center.base.settings import load_settings
from sso_center.cli.supervisor import supervise
from sso_center.server import Limits
from sso_center.server.access_log import log_to_stdout
from sso_center.web.startup_retry import retrying_application

FOLDER = Path.cwd()


def wait_at(gate: str) -> None:
    """Say that somebody stands at the gate, and return when it is open."""
    (FOLDER / f"{gate}.waiting").touch()
    while not (FOLDER / gate).exists():
        time.sleep(0.005)


def note(line: str) -> None:
    """Append one line to what these processes did."""
    with (FOLDER / "story").open("a") as story:
        story.write(f"{line}\n")


class Listener:
    """An answer that goes on: it gets whatever is said, until it hears "bye" or fails to begin."""

    everyone: ClassVar[set["Listener"]] = set()

    def __init__(self, fails: bool) -> None:
        self.fails = fails
        self.outlet: Any = None

    def begin(self, outlet: Any) -> None:
        if self.fails:
            raise RuntimeError("can't begin")
        self.outlet = outlet
        self.everyone.add(self)
        outlet.send(b"hello\n")

    def over(self) -> None:
        self.everyone.discard(self)
        note("over")

    @classmethod
    def say(cls, words: bytes) -> None:
        for listener in list(cls.everyone):
            listener.outlet.send(words)
            if words == b"bye":
                listener.outlet.end()


def application() -> Callable[..., Iterable[bytes]]:
    """Return the stand-in for the center's Flask application."""
    app = Flask(__name__)

    @app.get("/pid")
    def pid() -> str:
        return str(os.getpid())

    @app.route("/environ", methods=["GET", "POST", "DELETE"])
    def environ() -> dict[str, Any]:
        return {name: value for name, value in request.environ.items() if isinstance(value, str)}

    @app.post("/body")
    def body() -> dict[str, Any]:
        sent = request.get_data()
        note(f"body {len(sent)}")
        return {"length": len(sent), "sha256": hashlib.sha256(sent).hexdigest()}

    @app.get("/gate/<name>")
    def gate(name: str) -> str:
        wait_at(name)
        return "through"

    @app.post("/login", strict_slashes=False)
    def login() -> str:
        wait_at("password")
        return f"hello {request.form.get('username')}"

    @app.get("/two-cookies")
    def two_cookies() -> Response:
        response = Response("two")
        response.set_cookie("one", "1")
        response.set_cookie("two", "2")
        return response

    @app.get("/own-id")
    def own_id() -> Response:
        return Response("own", headers={"X-Request-Id": request.environ["sso_center.request_id"]})

    @app.post("/say")
    def say() -> str:
        Listener.say(request.get_data())
        return str(len(Listener.everyone))

    def serve(environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/stream":
            start_response("200 OK", [("Content-Type", "text/plain")])
            stream: Iterable[bytes] = environ["sso_center.stream"](
                Listener(environ["QUERY_STRING"] == "fail")
            )
            return stream
        if environ["PATH_INFO"] == "/crash":
            raise RuntimeError("a secret detail")
        if environ["PATH_INFO"] == "/exit":
            raise SystemExit("a secret detail")
        if environ["PATH_INFO"] == "/die":
            os._exit(3)
        return app.wsgi_app(environ, start_response)

    return serve


def make_application(told: dict[str, Any]) -> Callable[..., Iterable[bytes]]:
    """Return the application, or fail as the test wishes."""
    if (FOLDER / "stores-away").exists():
        raise Unavailable("The stores are away.", retry_after=2)
    if (FOLDER / "crash-at-start").exists():
        note("crashed at start")
        os._exit(1)
    return application()


def run_courier() -> None:
    """Do nothing until SIGTERM, like a courier without news."""
    note(f"courier {os.getpid()} began")
    is_told = []
    signal.signal(signal.SIGTERM, lambda *_: is_told.append(True))
    while not is_told:
        time.sleep(0.01)
    note("courier ended")


def tick() -> None:
    """Be called, and fail when the test wishes so."""
    (FOLDER / "ticked").touch()
    if (FOLDER / "tick-fails").exists():
        raise Unavailable(detail="the tick failed")


def main() -> None:
    """Supervise until told to stop."""
    told = json.loads(sys.argv[1])
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    log_to_stdout()
    limits = Limits(**{"max_body": 64 * 1024, "body_timeout": 10, "slow_posts": ["/login"]} | told["limits"])
    settings = load_settings({"SSO_TRUSTED_PROXIES": told["trusted_proxies"]})
    limits = replace(
        limits,
        slow_posts=frozenset(limits.slow_posts),
        polled=frozenset(limits.polled),
        trusted_proxies=settings.trusted_proxies,
    )
    settings = replace(settings, bind_port=told["port"], workers=told["workers"])
    try:
        supervise(
            settings,
            limits,
            lambda: retrying_application(lambda: make_application(told)),
            run_courier,
            tick,
            grace=told["grace"],
        )
    except SSOError as trouble:
        sys.exit(f"sso-center: {trouble.message}")
    note("supervisor ended")


if __name__ == "__main__":
    main()
