"""As much of a browser as a login needs: cookies, redirects, and a form filled in and sent."""

from collections.abc import Generator, Mapping
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from benchmarks.wire import Origin, RefusedError, Response

Steps = Generator[bytes, Response, Response]

HEADERS = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\n"
)


class Browser:
    """One person's browser, as seen by one server; it yields requests and is sent the responses."""

    def __init__(self, origin: Origin, cookies: Mapping[str, str] | None = None) -> None:
        self.origin = origin
        self.cookies = dict(cookies or {})
        self._set_headers()

    def get(self, path: str) -> Steps:
        """Open one address; the response as it came, redirects not followed."""
        response = yield self.origin.get(path, self._headers)
        self._keep_cookies(response)
        return response

    def post(self, path: str, fields: dict[str, str]) -> Steps:
        """Send a form as its own page would."""
        headers = f"{self._headers}Origin: {self.origin.url}\r\nSec-Fetch-Site: same-origin\r\n"
        response = yield self.origin.post(path, urlencode(fields), headers)
        self._keep_cookies(response)
        return response

    def walk(self, path: str, until: str, filled: dict[str, str]) -> Steps:
        """Follow redirects from `path`, and send the login form, until one leads to what begins with `until`.

        Returns that redirect. Raises RefusedError when the way ends elsewhere.
        """
        response = yield from self.get(path)
        for _ in range(10):
            if response.status == 200:
                form = Form.read(response.body.decode())
                path = urljoin(path, form.action or path)
                response = yield from self.post(_local(path), form.fields | filled)
            elif (target := response.expect(302, 303).header("location")).startswith(until):
                return response
            else:
                path = urljoin(path, target)
                response = yield from self.get(_local(path))
        raise RefusedError("the login went round in circles")

    def _keep_cookies(self, response: Response) -> None:
        cookies = response.cookies()
        if not cookies:
            return
        for cookie in cookies:
            pair, _, attributes = cookie.partition(";")
            name, _, value = pair.partition("=")
            if "expires=thu, 01 jan 1970" in attributes.lower() or "max-age=0" in attributes.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        self._set_headers()

    def _set_headers(self) -> None:
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self._headers = f"{HEADERS}Cookie: {pairs}\r\n" if pairs else HEADERS


class Form(HTMLParser):
    """The form with a password field: where it goes and what it brings along."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self._is_done = False

    @classmethod
    def read(cls, page: str) -> "Form":
        form = cls()
        form.feed(page)
        if "password" not in form.fields:
            raise RefusedError(f"a page without a password field: {page[:300]!r}")
        return form

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._is_done:
            return
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action, self.fields = given.get("action", ""), {}
        elif tag == "input" and "name" in given and given.get("type") != "checkbox":
            self.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and "password" in self.fields:
            self._is_done = True


def _local(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
