"""A browser as far as HTTP goes: cookies, redirects when told to, and forms as the page gives them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from tests.harness.forms import Form, forms_in
from tests.harness.loopback import loopback_session

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Page:
    """One answer of a server, as the browser got it."""

    url: str
    status: int
    headers: requests.structures.CaseInsensitiveDict
    text: str
    set_cookies: tuple[str, ...]
    """Every Set-Cookie line, whole."""

    @property
    def location(self) -> str:
        """Return where the answer sends the browser, as an absolute address, or an empty string."""
        target = self.headers.get("Location", "")
        return urljoin(self.url, target) if target else ""

    @property
    def query(self) -> dict[str, str]:
        """Return the query of the address the browser is sent to; a name given twice is an error."""
        pairs = parse_qsl(urlsplit(self.location).query, keep_blank_values=True)
        assert len({name for name, _ in pairs}) == len(pairs), f"a name stands twice in {self.location}"
        return dict(pairs)

    @property
    def forms(self) -> list[Form]:
        """Return the page's forms in order."""
        return forms_in(self.text)

    def form(self, holding: str) -> Form:
        """Return the form with a field or button whose name or id is `holding`."""
        found = [form for form in self.forms if holding in form.names]
        assert found, f"no form with {holding!r} on {self.url} ({self.status}):\n{self.text[:2000]}"
        return found[0]


class Browser:
    """Keeps cookies for each host; goes only where it is told; resolves `*.localhost` by itself."""

    def __init__(self, *, user_agent: str = CHROME, language: str = "en") -> None:
        self.http = loopback_session()
        self.http.headers.update(
            {"User-Agent": user_agent, "Accept": "text/html,*/*;q=0.8", "Accept-Language": language}
        )

    def request(self, method: str, url: str, *, timeout: float = 30, **options: Any) -> Page:
        """Send one request and follow nothing; `options` are those of requests."""
        answer = self.http.request(method, url, allow_redirects=False, timeout=timeout, **options)
        return Page(
            url=url,
            status=answer.status_code,
            headers=answer.headers,
            text=answer.text,
            set_cookies=tuple(answer.raw.headers.getlist("Set-Cookie")),
        )

    def get(self, url: str, **options: Any) -> Page:
        """Open an address."""
        return self.request("GET", url, **options)

    def post(self, url: str, data: Any = None, *, origin: str | None = None, **options: Any) -> Page:
        """Send a form; `origin` is the page it stands on (default: the address itself), as browsers tell."""
        headers = {"Origin": _origin(origin or url), **options.pop("headers", {})}
        return self.request("POST", url, data=data, headers=headers, **options)

    def follow(self, page: Page, *, stop_at: str = "\n", hops: int = 10) -> Page:
        """Follow redirects from `page`, up to the one whose target starts with `stop_at`."""
        while page.status in REDIRECTS and not page.location.startswith(stop_at):
            assert hops, f"too many redirects, now at {page.url} to {page.location}"
            hops -= 1
            page = self.get(page.location)
        return page

    def submit(self, page: Page, form: Form | str, /, **fields: str) -> Page:
        """Send a form of `page` (or the one that holds the named field) with `fields` filled in."""
        chosen = page.form(form) if isinstance(form, str) else form
        target = urljoin(page.url, chosen.action)
        values = {**chosen.values, **fields}
        if chosen.method == "get":
            return self.get(target, params=values)
        return self.post(target, values, origin=page.url)

    def log_in(self, page: Page, username: str, password: str, **fields: str) -> Page:
        """Fill in the login page and send it; returns the answer, following nothing."""
        return self.submit(page, "password", username=username, password=password, **fields)

    def cookies_for(self, host: str) -> dict[str, str]:
        """Return the names and values of the cookies that `host` would get."""
        return {
            cookie.name: cookie.value or ""
            for cookie in self.http.cookies
            if cookie.domain in (host, f"{host}.local")
        }

    def twin(self) -> "Browser":
        """Return another browser with a copy of every cookie: the same person's parallel tab, or a thief."""
        other = Browser()
        other.http.headers.update(self.http.headers)
        other.http.cookies.update(self.http.cookies)
        return other

    def close(self) -> None:
        """Close its connections."""
        self.http.close()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
