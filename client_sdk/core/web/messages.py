"""The browser's request as an adapter passes it in, and the answer that it sends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl

MAX_FORM = 64 * 1024


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request that reached the site.

    `root` is the site's address as the browser sees it, with the path it is mounted at and no slash
    at its end; `mount` is that path alone. `path` is the decoded path below the host; `query` and `form` are
    raw. `header` returns a header, "" when it is missing.
    """

    method: str
    root: str
    mount: str
    path: str
    query: str
    header: Callable[[str], str]
    form: bytes = field(default=b"", repr=False)

    def cookies(self) -> dict[str, str]:
        """Return all cookies; of several with one name the first."""
        found: dict[str, str] = {}
        for pair in self.header("Cookie").split(";"):
            name, _, value = pair.strip().partition("=")
            found.setdefault(name, value)
        return found

    @property
    def scheme(self) -> str:
        """Return "https" or "http", as the browser sees it."""
        return self.root.partition(":")[0]

    @property
    def wants_page(self) -> bool:
        """Say whether a person will see the answer, so that a redirect to the login helps.

        False for scripts (fetch, XMLHttpRequest) and for images: a redirect is of no use to them.
        """
        if self.header("X-Requested-With").lower() == "xmlhttprequest":
            return False
        mode = self.header("Sec-Fetch-Mode")
        if (mode and mode != "navigate") or self.header("Sec-Fetch-Dest") == "empty":
            return False
        accept = self.header("Accept").lower()
        return "json" not in accept or "text/html" in accept


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie for the browser; without `max_age` (seconds) it lasts until the browser closes."""

    name: str
    value: str = field(repr=False)
    is_secure: bool
    max_age: int | None = None

    @classmethod
    def gone(cls, name: str, *, is_secure: bool) -> "Cookie":
        """Return a cookie that removes the cookie `name` from the browser."""
        return cls(name, "", is_secure, 0)

    @classmethod
    def overwritten(cls, name: str, *, is_secure: bool) -> "Cookie":
        """Return a cookie that overwrites the cookie `name` at once and expires a second later.

        Chromium keeps pages for its back button, even with no-store, and drops them when a cookie changes. A
        removed cookie is no change to it: the next person could go back to the page.
        """
        return cls(name, "-", is_secure, 1)

    def header(self) -> tuple[str, str]:
        """Return the Set-Cookie header. Lax: the center's redirect back must bring the cookies along."""
        line = f"{self.name}={self.value}; Path=/; HttpOnly; SameSite=Lax"
        if self.max_age is not None:
            line += f"; Max-Age={self.max_age}"
        return "Set-Cookie", line + ("; Secure" if self.is_secure else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the adapter sends, unchanged."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str = ""


# The address of a callback contains a code: keep it from caches and from the next page.
ALWAYS = (
    ("Cache-Control", "no-store"),
    ("Vary", "Cookie"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


def answer(
    status: int,
    body: str = "",
    *,
    kind: Literal["text/html", "application/json", "text/plain"] = "text/plain",
    headers: tuple[tuple[str, str], ...] = (),
    cookies: tuple[Cookie, ...] | list[Cookie] = (),
) -> Answer:
    """Build an answer that no cache keeps."""
    lines = (("Content-Type", f"{kind}; charset=utf-8"), *ALWAYS, *headers)
    return Answer(status, (*lines, *(cookie.header() for cookie in cookies)), body)


def redirect(target: str, cookies: tuple[Cookie, ...] | list[Cookie] = ()) -> Answer:
    """Build a redirect that turns every method into GET."""
    return answer(303, headers=(("Location", target),), cookies=cookies)


def read_cookie(header: str | None, name: str) -> str | None:
    """Return one cookie of a Cookie header without parsing the rest; every request calls it."""
    if not header:
        return None
    marked = name + "="
    start = header.find(marked)
    while start > 0 and header[start - 1] not in "; ":
        start = header.find(marked, start + 1)
    if start < 0:
        return None
    start += len(marked)
    end = header.find(";", start)
    return header[start:] if end < 0 else header[start:end].rstrip()


def single_values(encoded: str) -> Mapping[str, str]:
    """Parse a query or form in which every name may stand once. Raises ValueError."""
    pairs = parse_qsl(encoded, keep_blank_values=True, max_num_fields=50)
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name stands twice")
    return values
