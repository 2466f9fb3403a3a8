"""Bearer tokens on a request, and the answers that refuse one (RFC 6750)."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from client_sdk.core.errors import LoginNeeded, TokenRefused, Unavailable
from client_sdk.core.web.messages import Answer, Incoming
from client_sdk.core.web.pages import refusal

MAX_TOKEN = 8 * 1024
"""Characters. Servers refuse longer headers, and the question about the token must fit into a request."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def read_header(authorization: str | None) -> str | None:
    """Return the token of an Authorization header, or None when it holds none (section 2.1).

    Raises TokenRefused for what can't be a token.
    """
    if not authorization or authorization[:7].lower() != "bearer ":
        return None
    text = authorization[7:].strip()
    if len(text) > MAX_TOKEN or not _TOKEN.fullmatch(text):
        raise TokenRefused("token_malformed", "This is no token.")
    return text


def is_own_page(incoming: Incoming, root: str) -> bool:
    """Say whether a request is known to come from a page of the site itself, or changes nothing.

    A browser adds cookies to requests that other sites make it send (CSRF), and names the sender: in
    Sec-Fetch-Site, or in Origin when it is older.
    """
    if incoming.method in SAFE_METHODS:
        return True
    site = incoming.header("Sec-Fetch-Site")
    if site:
        return site in ("same-origin", "none")
    return _origin(incoming.header("Origin")) == _origin(root) != ""


def is_from_another_page(incoming: Incoming, root: str) -> bool:
    """Say whether a request that may change something is known to come from another site.

    An app that is not a browser sends neither header.
    """
    sender = incoming.header("Sec-Fetch-Site") or incoming.header("Origin")
    return bool(sender) and not is_own_page(incoming, root)


def refuse_missing() -> Answer:
    """Answer a request without a token: a challenge without an error code (section 3)."""
    return refusal(401, "token_required", headers=_challenge())


def refuse_invalid(refused: TokenRefused | LoginNeeded) -> Answer:
    """Answer a token that does not count, or a browser that needs a new login for another token."""
    said = {"error": "invalid_token", "error_description": refused.message}
    cookies = refused.headers if isinstance(refused, LoginNeeded) else ()
    return refusal(401, **said, headers=_challenge(**said) + cookies)


def refuse_insufficient(scope: Sequence[str], roles: Sequence[str]) -> Answer:
    """Answer a token that counts but lacks some of `scope` and `roles`."""
    needed = [f"the scope {name}" for name in scope] + [f"the role {name}" for name in roles]
    said = {"error": "insufficient_scope", "error_description": f"This needs {' and '.join(needed)}."}
    more = {"scope": " ".join(scope)} if scope else {}
    return refusal(403, **said, headers=_challenge(**said, **more))


def refuse_unchecked(failed: Unavailable) -> Answer:
    """Answer while the center can't say whether the token counts."""
    return refusal(503, "temporarily_unavailable", headers=(("Retry-After", str(failed.retry_after)),))


def _challenge(**attributes: str) -> tuple[tuple[str, str], ...]:
    said = "".join(f', {name}="{_quoted(value)}"' for name, value in attributes.items())
    return (("WWW-Authenticate", f'Bearer realm="sso"{said}'),)


def _quoted(value: str) -> str:
    # Roles may have names in any language; the RFC allows only these characters.
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in value)


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address.lower())
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""
