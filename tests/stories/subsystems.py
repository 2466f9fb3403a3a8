"""Three subsystems that use the client SDK as anybody would: `python -m tests.stories.subsystems NAME`.

Told by `SSO_SITE`, a JSON object with the settings of the SDK, and `PORT`. Their access log goes to standard
error, query strings and all. `SSO_TEST_CLOCK` moves their clocks together with the center's.
"""

import os
import struct
import sys
from collections.abc import Callable
from json import loads
from pathlib import Path
from typing import Any

import jwt
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from client_sdk.core.clock import Clock
from client_sdk.flask import SSO

PICTURE = b"\x89PNG\r\n\x1a\n a picture of a teapot"


def orders(app: Flask, sso: SSO) -> None:
    """An API: whoever may read orders sees them, only managers cancel one."""

    @app.get("/orders")
    @sso.token_required(scope="orders:read")
    def all_orders() -> ResponseReturnValue:
        return _who(sso)

    @app.delete("/orders/<number>")
    @sso.token_required(scope="orders:write")
    def cancel(number: str) -> ResponseReturnValue:
        return f"cancelled {number}"

    @app.get("/takings")
    @sso.token_required(scope="orders:read", role="manager")
    def takings() -> ResponseReturnValue:
        return "48 for a teapot"


def shop(app: Flask, sso: SSO) -> None:
    """A site for browsers, which keeps people's tokens, and guards a part of itself with them."""

    @app.get("/")
    @sso.login_required
    def home() -> ResponseReturnValue:
        assert sso.user is not None
        return jsonify(name=sso.user.username, sid=sso.user.sid, logout=sso.logout_url)

    @app.get("/token")
    @sso.login_required
    def token() -> ResponseReturnValue:
        """Show what only this server should see, so that the story can look at it."""
        claims = jwt.decode(sso.access_token or "", options={"verify_signature": False})
        return jsonify(access_token=sso.access_token, claims=claims)

    @app.get("/my-orders")
    @sso.token_required(scope="orders:read", audience="orders")
    def my_orders() -> ResponseReturnValue:
        return _who(sso)


def photos(app: Flask, sso: SSO) -> None:
    """The API of a phone's app: an album, whose pictures are opened by signed links."""

    @app.get("/album")
    @sso.token_required()
    def album() -> ResponseReturnValue:
        return jsonify(picture=sso.signed_link("picture", 60, name="teapot.png"), user=sso.token.username)  # type: ignore[union-attr]

    @app.get("/pictures/<name>")
    @sso.link_or_login_required
    def picture(name: str) -> ResponseReturnValue:
        return app.response_class(PICTURE, mimetype="image/png")


def _who(sso: SSO) -> ResponseReturnValue:
    token = sso.token
    assert token is not None
    return jsonify(user=token.username, client=token.client_id, scope=token.scope, roles=token.roles)


def _clock() -> Clock:
    """Return the machine's two clocks, ahead by what the file of `SSO_TEST_CLOCK` says."""
    file, system = Path(os.environ["SSO_TEST_CLOCK"]), Clock()

    def ahead(clock: Callable[[], int]) -> Callable[[], int]:
        return lambda: clock() + int(struct.unpack("<q", file.read_bytes())[0])

    return Clock(wall=ahead(system.wall), steady=ahead(system.steady))


def main(name: str) -> None:
    """Serve one of the three until the process is ended."""
    app, settings = Flask(name), dict[str, Any](loads(os.environ["SSO_SITE"]))
    {"orders": orders, "shop": shop, "photos": photos}[name](app, SSO(app, clock=_clock(), **settings))
    make_server("127.0.0.1", int(os.environ["PORT"]), app, threaded=True).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
