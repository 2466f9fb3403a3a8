"""A phone's app, in a terminal: it signs in with a browser and lives on one token that renews itself.

`python -m demo_apps.phone` beside a running demo; with `SSO_ISSUER` and `API` for another center and API.
It uses nothing of the SDK: an app needs none.
"""

import os
import secrets
import sys
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

CLIENT_ID = "phone"
DEVICE_ID = "the-phone-in-this-terminal"
EVERY = 5
"""Seconds between two calls to the API."""


class _Callback(BaseHTTPRequestHandler):
    """Takes the browser's answer on this machine (RFC 8252 section 7.3)."""

    answer: dict[str, str] = {}  # noqa: RUF012 - the one answer that this program waits for

    def do_GET(self) -> None:
        _Callback.answer = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"The app has signed you in. Back to the terminal.\n")

    def log_message(self, format: str, *args: object) -> None:
        pass


def sign_in(issuer: str, internal: str) -> str:
    """Have a person sign in with a browser, and return the app's token."""
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    with HTTPServer(("127.0.0.1", 0), _Callback) as server:
        redirect_uri = f"http://127.0.0.1:{server.server_port}/callback"
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": redirect_uri,
            "scope": "openid profile",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        say(f"Open this in a browser:\n\n  {issuer}/authorize?{urlencode(query)}\n")
        while _Callback.answer.get("state") != state:
            server.handle_request()
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "code": _Callback.answer.get("code", ""),
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
        "device_id": DEVICE_ID,
    }
    answer = requests.post(f"{internal}/token", data=form, timeout=10)
    if not answer.ok:
        sys.exit(f"The center refused: {answer.text}")
    return str(answer.json()["access_token"])


def live(api: str, token: str) -> None:
    """Call the API on and on, and take over the next token whenever one is handed."""
    while True:
        try:
            answer = requests.get(api, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        except requests.RequestException:
            say("no answer; the token is kept")
        else:
            say(f"{answer.status_code} {answer.text[:60].strip()}")
            if answer.status_code == 401:
                sys.exit("The token counts no more: sign in again.")
            if "SSO-App-Token" in answer.headers:
                token = answer.headers["SSO-App-Token"]
                say("a new token was handed over and replaces the old one")
        time.sleep(EVERY)


def say(text: str) -> None:
    """Print a line at once, with the time."""
    print(time.strftime("%H:%M:%S"), text, flush=True)  # noqa: T201


if __name__ == "__main__":
    center = os.environ.get("SSO_ISSUER", "http://sso.localhost:9000")
    port = urlsplit(center).port or 80
    address = os.environ.get("API", f"http://127.0.0.1:{port + 3}/api/shifts")
    try:
        live(address, sign_in(center, f"http://127.0.0.1:{port}"))
    except KeyboardInterrupt:
        sys.exit()
