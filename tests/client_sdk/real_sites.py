"""Sites with the SDK that are registered at a real center, and the clocks of both."""

import json
from typing import Any
from urllib.parse import parse_qsl

from client_sdk.core.clock import Clock
from client_sdk.core.http.transport import HttpRequest, HttpResponse, RequestsTransport
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.ports import free_port


class CenterTimes(Times):
    """The sites' clocks stand on the center's and move with it."""

    def __init__(self, center: Center) -> None:
        system = Clock()
        self._center = center
        self.clock = Clock(wall=center.clock.now_ms, steady=lambda: system.steady() + center.clock.offset_ms)

    def move(self, seconds: float) -> None:
        """Let time pass for the center and its sites, in seconds."""
        self._center.move_clock(seconds)


class Wire:
    """The way to the center, which notes every form that a site sends and what it is answered."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.answers: list[dict[str, Any]] = []
        self._carry = RequestsTransport(20)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._carry(request)
        if request.url.endswith(("/token", "/revoke")):
            self.forms.append(dict(parse_qsl((request.body or b"").decode())))
            self.answers.append(json.loads(response.body or b"{}"))
        return response

    @property
    def refreshes(self) -> list[str]:
        """The refresh tokens that were presented."""
        return [form["refresh_token"] for form in self.forms if form.get("grant_type") == "refresh_token"]


class RealSite(RunningSite):
    """A site registered at a real center."""

    def __init__(self, center: Center, times: Times, registration: dict[str, Any], **settings: Any) -> None:
        port = free_port()
        own = f"http://127.0.0.1:{port}"
        addresses = {
            "redirect_uri": f"{own}/sso/callback",
            "post_logout_redirect_uris": (f"{own}/sso/signed-out",),
            "backchannel_logout_uri": f"{own}/sso/backchannel-logout",
        }
        self.client = center.add_site(**{**addresses, **registration})
        self.wire = Wire()
        given = {
            "client_id": self.client.client_id,
            "client_secret": self.client.client_secret,
            "internal_url": center.internal_url,
            "transport": self.wire,
            **settings,
        }
        super().__init__(center, times, port=port, **given)

    def log_in(self, browser: Browser, person: Person, path: str) -> Page:
        """Open a page and sign in where the center asks."""
        page = browser.follow(browser.get(self.url + path))
        if page.forms:
            page = browser.follow(browser.log_in(page, person.username, person.password))
        assert page.url == self.url + path, page.text
        return page
