"""A mobile app: it keeps one token, shows it at each call, and goes on with the next when handed one."""

from dataclasses import dataclass, field

import requests

from tests.harness.browser import Browser
from tests.harness.center import Person
from tests.harness.loopback import loopback_session
from tests.harness.site import Site
from tests.stories.running import Subsystem

ANDROID = "Photos/7 okhttp/4.12"
HEADER, COOKIE = "SSO-App-Token", "sso-app-token"


@dataclass
class Phone:
    """One installation of the app `client`, whose API is `api`; `token` is all that it keeps."""

    client: Site
    api: Subsystem
    device_id: str
    token: str = ""
    tokens: list[str] = field(default_factory=list)
    """Every token that it ever had, for stories of thieves."""
    http: requests.Session = field(default_factory=lambda: loopback_session(connections=64))

    def log_in(self, person: Person, browser: Browser) -> requests.Response:
        """Open the phone's browser at the center, type a name and a password, and redeem the code."""
        attempt = self.client.attempt()
        page = self.client.visit(browser, attempt)
        if page.status == 200:
            page = browser.log_in(page, person.username, person.password)
            page = browser.follow(page, stop_at=self.client.redirect_uri)
        code = self.client.code_in(page, attempt)
        self.client.http.headers["User-Agent"] = ANDROID
        answer = self.client.redeem(code, attempt, device_id=self.device_id)
        if answer.status_code == 200:
            self.client.center.secrets |= {code, answer.json()["id_token"]}
            self._keep(answer.json()["access_token"])
        return answer

    def get(self, path: str, *, is_answer_lost: bool = False, token: str = "") -> requests.Response:
        """Call the API; of an answer that is lost on the way the app learns nothing."""
        shown = token or self.token
        headers = {"User-Agent": ANDROID, "Authorization": f"Bearer {shown}"}
        if self.hands_in_cookies:
            headers = {"User-Agent": ANDROID, "Cookie": f"{COOKIE}={shown}"}
        answer = self.http.get(self.api.url + path, headers=headers, timeout=60)
        self.http.cookies.clear()
        successor = self.handed(answer)
        if successor and not is_answer_lost:
            self._keep(successor)
        return answer

    @property
    def hands_in_cookies(self) -> bool:
        """Whether this API hands over tokens in a cookie, and takes them from there."""
        return self.api.settings.get("app_token_in") == "cookie"

    def handed(self, answer: requests.Response) -> str:
        """Return the successor that an answer hands over, or an empty string."""
        return answer.cookies.get(COOKIE) or answer.headers.get(HEADER, "")

    def _keep(self, token: str) -> None:
        self.token = token
        self.tokens.append(token)
        self.client.center.secrets.add(token)
