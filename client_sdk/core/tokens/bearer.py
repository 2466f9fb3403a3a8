"""Bearer tokens on a request, and the answers to one that may not in (RFC 6750)."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from client_sdk.core.errors import LoginNeeded, TokenRefused, Unavailable
from client_sdk.core.web.messages import Answer, Incoming
from client_sdk.core.web.pages import refusal

MAX_TOKEN = 8 * 1024
"""Characters. No server lets a longer header in, and the question about it must fit into a request."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def read_header(authorization: str | None) -> str | None:
    """Return the token of an Authorization header, or None when it holds none (section 2.1).

    Raises TokenRefused for what can be no token.
    """
    if not authorization or authorization[:7].lower() != "bearer ":
        return None
    text = authorization[7:].strip()
    if len(text) > MAX_TOKEN or not _TOKEN.fullmatch(text):
        raise TokenRefused("token_malformed", "This is no token.")
    return text


def is_own_page(incoming: Incoming, root: str) -> bool:
    """Say whether a request is known to come from a page of the site itself, or to change nothing.

    A browser adds cookies to what other sites make it send (CSRF), and tells who made it: by
    Sec-Fetch-Site, or by Origin where it is older.
    """
    if incoming.method in SAFE_METHODS:
        return True
    site = incoming.header("Sec-Fetch-Site")
    if site:
        return site in ("same-origin", "none")
    return _origin(incoming.header("Origin")) == _origin(root) != ""


def is_from_another_page(incoming: Incoming, root: str) -> bool:
    """Say whether a request that may change something is known to come from elsewhere.

    Apps are no browsers and tell nothing of where they stand.
    """
    told = incoming.header("Sec-Fetch-Site") or incoming.header("Origin")
    return bool(told) and not is_own_page(incoming, root)


def refuse_missing() -> Answer:
    """Answer a request without a token: a challenge that accuses nobody (section 3)."""
    return refusal(401, "token_required", headers=_challenge())


def refuse_invalid(refused: TokenRefused) -> Answer:
    """Answer a token that does not count."""
    said = {"error": "invalid_token", "error_description": refused.message}
    return refusal(401, **said, headers=_challenge(**said))


def refuse_over(needed: LoginNeeded) -> Answer:
    """Answer a browser whose tokens are gone; a new login brings new ones."""
    said = {"error": "invalid_token", "error_description": needed.message}
    return refusal(401, **said, headers=_challenge(**said) + needed.headers)


def refuse_insufficient(scope: Sequence[str], roles: Sequence[str]) -> Answer:
    """Answer a token that counts and may not do this; `scope` and `roles` are what it takes."""
    needed = [f"the scope {name}" for name in scope] + [f"the role {name}" for name in roles]
    said = {"error": "insufficient_scope", "error_description": f"This needs {' and '.join(needed)}."}
    more = {"scope": " ".join(scope)} if scope else {}
    return refusal(403, **said, headers=_challenge(**said, **more))


def refuse_unchecked(failed: Unavailable) -> Answer:
    """Answer while nobody can say whether the token counts."""
    return refusal(503, "temporarily_unavailable", headers=(("Retry-After", str(failed.retry_after)),))


def _challenge(**attributes: str) -> tuple[tuple[str, str], ...]:
    said = "".join(f', {name}="{_quoted(value)}"' for name, value in attributes.items())
    return (("WWW-Authenticate", f'Bearer realm="sso"{said}'),)


def _quoted(value: str) -> str:
    # Names of roles may be in any language; the RFC allows these characters only.
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in value)


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address.lower())
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
