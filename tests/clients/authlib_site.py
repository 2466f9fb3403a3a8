"""A site that logs in with Authlib's Flask client and keeps its tokens with Authlib's session, as documented.

Environment: ISSUER, CLIENT_ID, CLIENT_SECRET (empty for a public client), PORT.
"""

import os
import secrets
from typing import Any
from urllib.parse import urlencode

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask, redirect, session
from werkzeug.wrappers import Response

HERE = f"http://localhost:{os.environ['PORT']}"

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
app.config["SESSION_COOKIE_NAME"] = "authlib_site"

CLIENT_SECRET = os.environ["CLIENT_SECRET"] or None
METHOD = "client_secret_basic" if CLIENT_SECRET else "none"

# What a site keeps of its visitors, too large and too secret for a cookie.
kept: dict[str, dict[str, Any]] = {}

oauth = OAuth(app)
sso: Any = oauth.register(
    "sso",
    server_metadata_url=f"{os.environ['ISSUER']}/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=CLIENT_SECRET,
    client_kwargs={
        "scope": "openid profile email",
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": METHOD,
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
    session["kept"] = secrets.token_urlsafe(16)
    kept[session["kept"]] = token
    session["claims"] = dict(token["userinfo"])
    session["userinfo"] = dict(sso.userinfo(token=token))
    return redirect(f"{HERE}/")


@app.get("/refresh")
def refresh() -> dict[str, Any]:
    """Get new tokens without the browser."""
    with to_center() as client:
        token = client.refresh_token(endpoint("token"), refresh_token=kept[session["kept"]]["refresh_token"])
    kept[session["kept"]] = token
    claims = sso.parse_id_token(token, nonce=None)
    return {"token": token, "claims": claims, "userinfo": sso.userinfo(token=token)}


@app.get("/introspect")
def introspect() -> dict[str, Any]:
    """Ask what the access token stands for."""
    with to_center() as client:
        answer = client.introspect_token(
            endpoint("introspection"), token=kept[session["kept"]]["access_token"]
        )
    return dict(answer.json())


@app.get("/revoke")
def revoke() -> dict[str, Any]:
    """Give the refresh token back, and see what is left of it."""
    token = kept[session["kept"]]["refresh_token"]
    with to_center() as client:
        answer = client.revoke_token(endpoint("revocation"), token=token, token_type_hint="refresh_token")
        answer.raise_for_status()
        try:
            client.refresh_token(endpoint("token"), refresh_token=token)
        except OAuthError as refused:
            return {"error": refused.error}
    return {"error": None}


@app.get("/robot")
def robot() -> dict[str, Any]:
    """Get a token that is of the site itself."""
    with to_center() as client:
        token = client.fetch_token(endpoint("token"), grant_type="client_credentials", scope="orders")
        told = client.introspect_token(endpoint("introspection"), token=token["access_token"])
    return {"token": token, "told": told.json()}


def to_center() -> OAuth2Session:
    """Return what Authlib speaks to a provider with when no browser takes part."""
    return OAuth2Session(os.environ["CLIENT_ID"], CLIENT_SECRET, token_endpoint_auth_method=METHOD)


def endpoint(name: str) -> str:
    """Return an address that the center published."""
    return str(sso.load_server_metadata()[f"{name}_endpoint"])


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
