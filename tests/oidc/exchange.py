"""What sites exchange at /token and /revoke, and how a refusal looks."""

from typing import Any

import requests

from tests.harness.browser import Browser
from tests.harness.site import Site

CODE_AND_REFRESH = ("authorization_code", "refresh_token")


def assert_refused(answer: requests.Response, status: int, error: str) -> None:
    """See that a program was refused in the words of the standard, and that nobody may keep the answer."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == error


def given(answer: requests.Response, site: Site) -> dict[str, Any]:
    """Return the tokens of an answer; none of them may stand in the log."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    tokens = dict(answer.json())
    site.center.secrets |= {tokens[name] for name in tokens if name.endswith("_token")}
    return tokens


def tokens_for(browser: Browser, site: Site, *, device_id: str | None = None, **asked: str) -> dict[str, Any]:
    """Return what a site gets for a browser with a live session; `asked` goes to /authorize."""
    attempt = site.attempt(**asked)
    return given(site.redeem(site.code_for(browser, attempt), attempt, device_id=device_id), site)


def post_token(site: Site, **form: str | None) -> requests.Response:
    """Send a form to /token as this site."""
    named = {} if site.client_secret else {"client_id": site.client_id}
    filled = {name: value for name, value in {**named, **form}.items() if value is not None}
    return site.post("/token", filled)


def refresh(site: Site, token: str, **changes: str | None) -> requests.Response:
    """Present a refresh token."""
    return post_token(site, **{"grant_type": "refresh_token", "refresh_token": token, **changes})


def refreshed(site: Site, token: str, **changes: str | None) -> dict[str, Any]:
    """Present a refresh token that is good, and return what it gave."""
    return given(refresh(site, token, **changes), site)


def revoke(site: Site, token: str, **more: str) -> requests.Response:
    """Give a token back."""
    named = {} if site.client_secret else {"client_id": site.client_id}
    return site.post("/revoke", {"token": token, **named, **more})
