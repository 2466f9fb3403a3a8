"""Addresses and cookie names of the site itself."""

import hashlib
from dataclasses import dataclass
from urllib.parse import urlencode

from client_sdk.core.settings import Settings
from client_sdk.core.web.messages import Cookie, Incoming

_STATE_IN_NAME = 16
_IN_COOKIE_NAMES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@dataclass(frozen=True, slots=True)
class AttemptCookies:
    """The names of the cookies of login attempts."""

    prefix: str
    is_secure: bool

    def name(self, state: str) -> str:
        """Return the name of the cookie of the attempt with this state."""
        return self.prefix + "".join(
            c for c in state[:_STATE_IN_NAME] if c.isascii() and (c.isalnum() or c in "-_")
        )

    def cookie(self, state: str, value: str, max_age: int) -> Cookie:
        """Return the cookie that keeps an attempt for `max_age` seconds."""
        return Cookie(self.name(state), value, is_secure=self.is_secure, max_age=max_age)

    def closing(self, state: str) -> Cookie:
        """Return the cookie that removes an attempt from the browser."""
        return Cookie.gone(self.name(state), is_secure=self.is_secure)


@dataclass(frozen=True, slots=True)
class CookieNames:
    """The names of the site's cookies over HTTPS or plain HTTP.

    Browsers share cookies among all ports of a host, so the client's id is part of the name. With `__Host-`
    no neighbouring host can plant one (RFC 6265bis section 4.1.3.2).
    """

    session: str
    tokens: str
    attempts: AttemptCookies


def cookie_names(settings: Settings, *, is_secure: bool) -> CookieNames:
    """Return the names for one scheme."""
    client_id = settings.client_id
    if len(client_id) > 64 or not _IN_COOKIE_NAMES.issuperset(client_id):
        client_id = hashlib.sha256(client_id.encode()).hexdigest()[:16]
    # No client_id has a tilde, so "shop" and "shop-tokens" on two ports of a host never share a cookie.
    base = f"{'__Host-' if is_secure else ''}sso-{client_id}"
    return CookieNames(base, f"{base}~tokens", AttemptCookies(f"{base}-login-", is_secure))


class Addresses:
    """Where the site's own endpoints are, as the browser reaches them."""

    def __init__(self, settings: Settings) -> None:
        self._base_url = settings.base_url
        self._prefix = settings.prefix
        self._names = {flag: cookie_names(settings, is_secure=flag) for flag in (False, True)}
        self._is_secure = None if settings.base_url is None else settings.base_url.startswith("https:")

    def root(self, incoming: Incoming) -> str:
        """Return the site's address without a slash at its end."""
        return self._base_url or incoming.root

    def names(self, scheme: str) -> CookieNames:
        """Return the cookies' names for a request that came over `scheme`."""
        return self._names[scheme == "https" if self._is_secure is None else self._is_secure]

    def names_for(self, incoming: Incoming) -> CookieNames:
        """Return the cookies' names for a request."""
        return self.names(incoming.scheme)

    def callback(self, incoming: Incoming) -> str:
        """Return the redirect_uri registered at the center."""
        return f"{self.root(incoming)}{self._prefix}/callback"

    def signed_out(self, incoming: Incoming) -> str:
        """Return the post_logout_redirect_uri registered at the center."""
        return f"{self.root(incoming)}{self._prefix}/signed-out"

    def login(self, mount: str, return_to: str) -> str:
        """Return the local address that begins a login leading to `return_to`."""
        return f"{mount}{self._prefix}/login?{urlencode({'next': return_to})}"

    def logout(self, mount: str, token: str = "") -> str:
        """Return the local address that signs out; at once with the session's `token`, else after asking."""
        return f"{mount}{self._prefix}/logout" + (f"?t={token}" if token else "")
