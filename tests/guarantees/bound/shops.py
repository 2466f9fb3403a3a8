"""Sites' processes: `python -m tests.guarantees.bound.shops` forks one for each line that it reads.

A line is a JSON object: the `settings` of the SDK, the `port` to serve on, and the `weakness` to give it
or "". It is answered with the process's number. They come of a parent that never had an SDK of its own, so
each is as fresh as if it were started from the shell, in a hundredth of the time.

Every answer's header `Began` says when the site began to decide, on the clock that all processes share, and
`Fresh` as of when its view was fresh then (ns).
"""

import ctypes
import json
import os
import queue
import signal
import socket
import sys
import threading
from typing import Any

from flask import Flask, Response, g, jsonify, request, session
from flask.typing import ResponseReturnValue
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from client_sdk.flask import SSO
from tests.guarantees.bound.clock import now_ns
from tests.guarantees.bound.weaknesses import WEAKNESSES

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class Shop:
    """One process of a site."""

    def __init__(self, settings: dict[str, Any], listening: socket.socket) -> None:
        self._forks: queue.Queue[tuple[socket.socket, queue.Queue[int]]] = queue.Queue()
        self._doors: dict[str, threading.Event] = {}
        self.app = Flask("shop")
        self.app.secret_key = "signs nothing of the SDK"
        self.sso = SSO(self.app, **settings)
        self._add_stamps()
        self._add_pages()
        self._server = self._serve(listening)

    def mind(self) -> None:
        """Fork when asked to, until the process is ended; in its first thread, with which a child ends."""
        while True:
            listening, told = self._forks.get()
            child = os.fork()
            if child:
                listening.close()
                told.put(child)
            else:
                _end_with_parent()
                self._server.server_close()
                self._server = self._serve(listening)

    def _serve(self, listening: socket.socket) -> BaseWSGIServer:
        port = listening.getsockname()[1]
        server = make_server(
            "127.0.0.1", port, self.app, threaded=True, request_handler=_Quiet, fd=listening.fileno()
        )
        listening.close()
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def _add_stamps(self) -> None:
        site = self.app.extensions["sso"]

        @self.app.before_request
        def begin() -> None:
            g.fresh = site._view.fresh_as_of or 0
            g.began = now_ns()

        @self.app.after_request
        def stamp(response: Response) -> Response:
            response.headers["Began"] = str(g.began)
            response.headers["Fresh"] = str(g.fresh * 1_000_000)
            return response

    def _add_pages(self) -> None:
        @self.app.get("/")
        @self.sso.login_required
        def home() -> ResponseReturnValue:
            assert self.sso.user is not None
            return jsonify(username=self.sso.user.username, sid=self.sso.user.sid, out=self.sso.logout_url)

        @self.app.get("/slow/<door>")
        @self.sso.login_required
        def slow(door: str) -> ResponseReturnValue:
            """Begin, wait until the door is opened, and then touch all that hangs on the session."""
            opened = self._doors[door] = threading.Event()
            former = self.sso.access_token or ""
            assert opened.wait(60)
            session["touched"] = door
            return jsonify(self.sso.renew_access_token(former) is not None)

        @self.app.get("/api")
        @self.sso.token_required()
        def api() -> ResponseReturnValue:
            return jsonify(True)

        @self.app.get("/waits/<door>")
        def waits(door: str) -> ResponseReturnValue:
            return jsonify(), 200 if door in self._doors else 404

        @self.app.get("/open/<door>")
        def open_door(door: str) -> ResponseReturnValue:
            self._doors[door].set()
            return jsonify(True)

        @self.app.get("/fork")
        def fork() -> ResponseReturnValue:
            told: queue.Queue[int] = queue.Queue()
            self._forks.put((_listen(int(request.args["port"])), told))
            return jsonify(told.get())


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        pass


def _listen(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=256)


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _start(wanted: dict[str, Any]) -> int:
    listening = _listen(wanted["port"])
    child = os.fork()
    if child:
        listening.close()
        return child
    _end_with_parent()
    WEAKNESSES[wanted["weakness"]]()
    Shop(wanted["settings"], listening).mind()
    return 0


def main() -> None:
    """Start what is asked for, line by line."""
    # Linux then forgets each that ends: nobody here waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        sys.stdout.write(f"{_start(json.loads(line))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
