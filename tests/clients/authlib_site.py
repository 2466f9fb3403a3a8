"""A site that logs in with Authlib's Flask client, used as its documentation shows.

Environment: ISSUER, CLIENT_ID, CLIENT_SECRET (empty for a public client), PORT.
"""

import os
import secrets
from typing import Any
from urllib.parse import urlencode

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session
from werkzeug.wrappers import Response

HERE = f"http://localhost:{os.environ['PORT']}"

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
app.config["SESSION_COOKIE_NAME"] = "authlib_site"

oauth = OAuth(app)
sso: Any = oauth.register(
    "sso",
    server_metadata_url=f"{os.environ['ISSUER']}/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"] or None,
    client_kwargs={
        "scope": "openid profile email",
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": "client_secret_basic" if os.environ["CLIENT_SECRET"] else "none",
    },
)


@app.get("/")
def home() -> tuple[dict[str, Any], int]:
    """Show what the site knows of the visitor."""
    if "id_token" not in session:
        return {"error": "nobody is signed in"}, 401
    return {name: session[name] for name in ("id_token", "claims", "userinfo")}, 200


@app.get("/login")
def login() -> Response:
    """Send the browser to the center."""
    return sso.authorize_redirect(f"{HERE}/callback")


@app.get("/callback")
def callback() -> Response | tuple[dict[str, str], int]:
    """Take the browser back and open the site's session."""
    try:
        token = sso.authorize_access_token()
    except OAuthError as refused:
        return {"error": f"{refused.error}: {refused.description}"}, 400
    session["id_token"] = token["id_token"]
    session["claims"] = dict(token["userinfo"])
    session["userinfo"] = dict(sso.userinfo(token=token))
    return redirect(f"{HERE}/")


@app.get("/logout")
def logout() -> Response:
    """End the site's session and send the browser to the center to end the global one."""
    end_session = sso.load_server_metadata()["end_session_endpoint"]
    hint = session.get("id_token", "")
    session.clear()
    query = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": f"{HERE}/bye"})
    return redirect(f"{end_session}?{query}")


@app.get("/bye")
def bye() -> dict[str, str]:
    """Say goodbye."""
    return {"signed": "out"}


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["PORT"]))
