"""The mark that a login was demanded for one very request, so that it is asked for once and not forever.

A request with `prompt=login` comes back unchanged once the person has signed in. Without a mark it would
demand a login again; with one that anybody could write, it would demand none. So the mark says when the
login was demanded, is signed together with the whole request, and a session counts only when its login is
younger. Nothing is stored: an old mark is worth nothing to a later request, whose state and nonce differ.
"""

import hashlib

from itsdangerous import Signer

from sso_center.base.clock import Clock
from sso_center.core.keys import Keys

PARAMETER = "login_demanded"
LIFE = 60 * 60_000
"""How long, in milliseconds, a person may take to sign in before being asked anew."""

_MARK = f"&{PARAMETER}="


def marked(keys: Keys, clock: Clock, query: str) -> str:
    """Return the query of a request with the mark that a login is demanded for it now."""
    at = str(clock())
    signature = _signer(keys).get_signature(_signed(query, at)).decode()
    return f"{query}{_MARK}{at}.{signature}"


def unmarked(keys: Keys, clock: Clock, query: str) -> tuple[str, int | None]:
    """Split a query into the site's request and when a login was demanded for it (milliseconds since 1970).

    None says that none was, or too long ago, or that the mark is not ours for this request.
    """
    request, mark, value = query.rpartition(_MARK)
    if not mark:
        return query, None
    at, _, signature = value.partition(".")
    if not _signer(keys).verify_signature(_signed(request, at), signature):
        return request, None
    return request, int(at) if 0 <= clock() - int(at) < LIFE else None


def _signed(query: str, at: str) -> bytes:
    return f"{at} {query}".encode()


def _signer(keys: Keys) -> Signer:
    return Signer(
        keys.cookie_secrets("login-demand"),
        salt="login-demand",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )
