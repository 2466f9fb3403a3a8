"""Sites in processes of their own: the real SDK in a Flask application, following a center over real HTTP."""

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.serving import make_server
from werkzeug.test import EnvironBuilder

from benchmarks.browser import Browser
from benchmarks.processes import NOWHERE, Service
from benchmarks.side import Client, Side
from benchmarks.units import drive, drive_at
from benchmarks.wire import Origin, RefusedError, Response
from client_sdk.core.site import Site as SdkSite
from client_sdk.flask import SSO

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

START = 20.0
"""Seconds that the processes may take to answer: all of them begin at once."""

NOTES = ("apply_check", "end_session", "cut_off_user", "apply_event", "apply_feed")
"""What the SDK calls to have its view note something."""

LOOKS_FOR_ITS_PARENT = 1.0
"""Seconds after which a process that is told nothing looks whether anybody is left to tell it something."""


@dataclass(frozen=True)
class Place:
    """Where a site listens, before anybody serves there: its processes share the socket."""

    client_id: str
    listener: socket.socket

    @classmethod
    def take(cls, client_id: str) -> "Place":
        """Listen on a free port."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        return cls(client_id, listener)

    @property
    def origin(self) -> Origin:
        port = self.listener.getsockname()[1]
        return Origin(port, f"127.0.0.1:{port}")


@dataclass(frozen=True)
class Site:
    """A registered site at its place."""

    client: Client
    place: Place

    def join(self, center: Side, browser: Browser) -> str:
        """Sign in here with a browser that has a session at the center; the cookie header that proves it.

        Raises RefusedError.
        """
        at_site = Browser(self.place.origin)
        to_center = _drive(at_site, "/sso/login?next=/").expect(302, 303).header("location")
        back = drive(center, browser.get(_path(to_center))).expect(302, 303).header("location")
        if not back.startswith(self.place.origin.url):
            raise RefusedError(f"sent to {back} instead of back to {self.client.client_id}")
        _drive(at_site, _path(back)).expect(302, 303)
        name = f"sso-{self.client.client_id}"
        return f"{name}={at_site.cookies[name]}"


class SiteProcesses:
    """All processes of all sites. Each is told whom to watch, and says when it let them in no more."""

    def __init__(self, pipes: Mapping[Pipe, Site], pids: Sequence[int]) -> None:
        self._pipes = pipes
        self.service = Service(tuple(pids), NOWHERE)

    def __len__(self) -> int:
        return len(self._pipes)

    def watch(self, cookies: Mapping[str, str]) -> None:
        """Have each process watch the session whose cookie is given by `client_id`, and which it lets in.

        Raises RefusedError when one doesn't let it in.
        """
        for pipe, site in self._pipes.items():
            pipe.send(cookies[site.client.client_id])
        if refused := [status for status in self._hear(START) if status != 200]:
            raise RefusedError(f"{len(refused)} processes answer {refused[0]} to who has just signed in")

    def refusals(self, patience: float) -> list[float]:
        """Return the moment from which each process refuses the session (seconds of `time.monotonic`).

        Raises RefusedError when one still lets it in after `patience` seconds, or does so again.
        """
        moments = self._hear(patience)
        for pipe in self._pipes:
            pipe.send("")
        if wrong := [status for status in self._hear(START) if status not in (302, 303)]:
            raise RefusedError(f"{len(wrong)} processes answer {wrong[0]} after all to who was logged out")
        return moments

    def _hear(self, patience: float) -> list[float]:
        deadline = time.monotonic() + patience
        waiting, said = set(self._pipes), []
        while waiting:
            ready = wait(waiting, max(deadline - time.monotonic(), 0))
            if not ready:
                raise RefusedError(f"{len(waiting)} of {len(self)} processes say nothing in {patience:g} s")
            for pipe in ready:
                assert isinstance(pipe, Pipe)
                try:
                    said.append(float(pipe.recv()))
                except EOFError:
                    raise RefusedError("a site's process ended; what it says is above") from None
                waiting.remove(pipe)
        return said


@contextmanager
def serving(center: Side, sites: Sequence[Site], *, processes: int) -> Iterator[SiteProcesses]:
    """Serve every site with so many processes, all forked from this one."""
    fork = multiprocessing.get_context("fork")
    started: list[ForkProcess] = []
    pipes: dict[Pipe, Site] = {}
    try:
        for site in sites:
            for _ in range(processes):
                ours, theirs = fork.Pipe()
                process = fork.Process(target=_serve, args=(center, site, theirs), daemon=True)
                process.start()
                theirs.close()
                started.append(process)
                pipes[ours] = site
        yield SiteProcesses(pipes, [process.pid or 0 for process in started])
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.join()
        for pipe in pipes:
            pipe.close()


def _serve(center: Side, site: Site, pipe: Pipe) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = _application(center, site.client)
    listener = site.place.listener
    host, port = listener.getsockname()
    server = make_server(host, port, app, threaded=True, fd=listener.fileno())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    watched = _Watched(app, pipe)
    parent = os.getppid()
    while os.getppid() == parent:
        if pipe.poll(LOOKS_FOR_ITS_PARENT):
            watched.begin(pipe.recv())


def _application(center: Side, client: Client) -> Flask:
    app = Flask(client.client_id)
    sso = SSO(app, issuer=center.origin.url, client_id=client.client_id, client_secret=client.secret)

    @app.get("/")
    @sso.login_required
    def home() -> str:
        assert sso.user is not None
        return f"hello {sso.user.name}"

    return app


class _Watched:
    """One session, in one process of a site.

    Nobody asks again and again whether it counts, which would keep the cores busy: whenever the process
    has learnt something, a thread decides as a request's would.
    """

    def __init__(self, app: Flask, pipe: Pipe) -> None:
        self._app: WSGIApplication = app.wsgi_app
        self._site: SdkSite = app.extensions["sso"]
        self._pipe = pipe
        self._cookie = self._asked = ""
        self._has_learnt = threading.Event()
        _tell_of_news(self._site, self._has_learnt)
        threading.Thread(target=self._decide_at_news, daemon=True).start()

    def begin(self, cookie: str) -> None:
        """Watch the session of a cookie, or ask once more for the same one; tells the status of a request."""
        status = self._status(cookie or self._asked)
        self._asked = cookie or self._asked
        self._cookie = cookie
        self._pipe.send(status)

    def _decide_at_news(self) -> None:
        while True:
            self._has_learnt.wait()
            self._has_learnt.clear()
            if self._cookie and self._site.standing(self._cookie, "http").ended_sid:
                self._pipe.send(time.monotonic())
                self._cookie = ""

    def _status(self, cookie: str) -> int:
        statuses: list[str] = []
        environ = EnvironBuilder("/", headers=[("Cookie", cookie)]).get_environ()

        def start_response(status: str, *_: Any) -> Any:
            statuses.append(status)

        b"".join(self._app(environ, start_response))
        return int(statuses[0][:3])


def _tell_of_news(site: SdkSite, news: threading.Event) -> None:
    """Set `news` whenever the site's view has noted that something ended."""
    view = site._view

    def telling(note: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*what: Any, **how: Any) -> Any:
            said = note(*what, **how)
            news.set()
            return said

        return noted

    for name in NOTES:
        setattr(view, name, telling(getattr(view, name)))


def _drive(browser: Browser, path: str) -> Response:
    return drive_at(browser.origin, browser.get(path))


def _path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"
