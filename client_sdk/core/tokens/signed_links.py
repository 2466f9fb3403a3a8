"""Signed links: addresses that open one file for a short while, for images and videos that need a login.

An image or a video player often can't send a token, and a token in an address would be written into logs and
histories. A signed link names the person, the address and the expiry, and opens nothing else.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote, unquote

from itsdangerous import BadData, URLSafeSerializer

from client_sdk.core.derived_keys import key_for
from client_sdk.core.sessions.local_session import LocalSession
from client_sdk.core.settings import Settings
from client_sdk.core.tokens.token import Token
from client_sdk.core.web.messages import Incoming
from client_sdk.core.web.return_to import local_path

PARAMETER = "sso-link"
MAX_SECONDS = 86_400
MAX_VALUE = 2048
VERSION = 2


@dataclass(frozen=True, slots=True)
class Link:
    """The holder of a link: the person `sub` in the session `sid`.

    `issued_at` is when the center issued that session or token (seconds, the center's clock), `expires_at`
    when the link expires, in milliseconds of this site's clock.
    """

    sub: str
    sid: str
    issued_at: float
    expires_at: int


@dataclass(frozen=True, slots=True)
class LinkHolder:
    """Who gets a link; it expires no later than `until` (ms), when the link it was made from expires."""

    sub: str
    sid: str
    issued_at: float
    until: int | None = None


def holder_of(token: Token | None, link: Link | None, session: LocalSession | None) -> LinkHolder:
    """Return who made a request with one of these. Raises ValueError when that is nobody."""
    if token is not None:
        return LinkHolder(token.sub, token.sid, token.issued_at)
    if session is not None:
        return LinkHolder(session.user.sub, session.user.sid, session.issued_at)
    if link is not None:
        return LinkHolder(link.sub, link.sid, link.issued_at, link.expires_at)
    raise ValueError("a link needs a person, and nobody is signed in")


class SignedLinks:
    """Makes links and reads them; stores nothing."""

    def __init__(self, settings: Settings, wall: Callable[[], int]) -> None:
        self._key = key_for("signed link by name", settings)
        # The former version signed the same by position, with this key; the new form would be an error to it.
        self._former_key = key_for("signed link", settings)
        self._wall = wall

    def sign(self, target: str, seconds: float, holder: LinkHolder) -> str:
        """Return the local address `target` (path and query) with a link that lasts for `seconds`.

        Raises ValueError for a target that is no local address, for a time that is too long, and for a holder
        without a session: nothing would end the link.
        """
        path, _, query = target.partition("?")
        if local_path(target) is None or "#" in target or PARAMETER + "=" in query:
            raise ValueError(f"{target!r} is no local address that a link can be made for")
        if not 0 < seconds <= MAX_SECONDS:
            raise ValueError(f"a link lasts up to {MAX_SECONDS} seconds, not {seconds}")
        if not holder.sid:
            raise ValueError("a link needs a session, and this token has none behind it")
        expires_at = self._wall() + int(seconds * 1000)
        if holder.until is not None:
            expires_at = min(expires_at, holder.until)
        link = Link(holder.sub, holder.sid, holder.issued_at, expires_at)
        value = _signer(self._key, unquote(path), query).dumps({"v": VERSION, **asdict(link)})
        return f"{target}{'&' if query else '?' if '?' not in target else ''}{PARAMETER}={value!s}"

    def read_request(self, incoming: Incoming) -> Link | None:
        """Return the link of a GET or HEAD request, or None; it may have expired."""
        is_reading = incoming.method in ("GET", "HEAD")
        return self.read(incoming.path, incoming.query) if is_reading else None

    def read(self, path: str, query: str) -> Link | None:
        """Return the link for a decoded `path` in the raw `query`, or None."""
        before, marked, value = query.rpartition(PARAMETER + "=")
        if not marked or len(value) > MAX_VALUE or (before and not before.endswith("&")):
            return None
        stored = _loaded(_signer(self._key, path, before[:-1]), value)
        if stored is not None:
            return Link(**{name: stored[name] for name in Link.__slots__})
        former = _loaded(_signer(self._former_key, path, before[:-1]), value)
        return None if former is None else Link(*former)


def _loaded(signer: URLSafeSerializer, value: str) -> Any:
    try:
        return signer.loads(value)
    except BadData:
        return None


def _signer(key: bytes, path: str, query: str) -> URLSafeSerializer:
    # The whole address is part of the key: a link opens no other path, and no other query of the same path.
    address = f"{quote(path)}?{quote(query, safe='/!$&()*+,;=:@~%?[]')}"
    return URLSafeSerializer(
        key,
        salt=address.encode(),
        signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
    )
