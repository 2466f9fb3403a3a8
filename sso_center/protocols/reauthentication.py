"""Re-authentication and renewed consent: the marks of a request that has demanded one.

A request with `prompt=login`, or with a `max_age` that the session is too old for, sends the browser to the
login, and the browser comes back with the very same request; likewise with `prompt=consent`. Without a mark
it would demand the same again; with a mark that anybody could write, it would demand nothing. So a mark says
when something was demanded, is signed together with the whole request, and only a later login or consent
counts. Nothing is stored: an old mark is worth nothing to a later request, whose state and nonce differ.
"""

import hashlib
from dataclasses import dataclass

from itsdangerous import Signer

from sso_center.base.clock import Clock
from sso_center.core.keys import Keys

LIFE = 60 * 60_000
"""Milliseconds that a person may take for the login or consent before they are asked again."""

MAX_MARKS = 200
"""Characters that all marks together take, at most."""

_LOGIN, _CONSENT = "login", "consent"


@dataclass(frozen=True)
class Reauthentication:
    """A site's request, and when a login and a consent were demanded for it (milliseconds since 1970).

    None means that it was not, or too long ago, or that the mark is not ours for this request.
    """

    query: str
    login_at: int | None = None
    consent_at: int | None = None


def write(keys: Keys, demands: Reauthentication) -> str:
    """Return the query of a request with the marks of what was demanded for it."""
    login = _mark(keys, _LOGIN, demands.query, demands.login_at)
    return demands.query + login + _mark(keys, _CONSENT, demands.query, demands.consent_at)


def read(keys: Keys, clock: Clock, query: str) -> Reauthentication:
    """Return what `write` wrote into a query; one without marks, or with forged ones, demanded nothing."""
    rest, consent = _cut(_CONSENT, query)
    request, login = _cut(_LOGIN, rest)
    return Reauthentication(
        request,
        _instant(keys, clock, _LOGIN, request, login),
        _instant(keys, clock, _CONSENT, request, consent),
    )


def _mark(keys: Keys, kind: str, request: str, at: int | None) -> str:
    if at is None:
        return ""
    signature = _signer(keys, kind).get_signature(_signed(request, str(at))).decode()
    return f"{_name(kind)}{at}.{signature}"


def _cut(kind: str, query: str) -> tuple[str, str]:
    request, name, value = query.rpartition(_name(kind))
    return (request, value) if name else (query, "")


def _instant(keys: Keys, clock: Clock, kind: str, request: str, mark: str) -> int | None:
    at, _, signature = mark.partition(".")
    if not mark or not _signer(keys, kind).verify_signature(_signed(request, at), signature):
        return None
    return int(at) if 0 <= clock() - int(at) < LIFE else None


def _name(kind: str) -> str:
    return f"&{kind}_demanded="


def _signed(request: str, at: str) -> bytes:
    return f"{at} {request}".encode()


def _signer(keys: Keys, kind: str) -> Signer:
    return Signer(
        keys.cookie_secrets(f"{kind}-demand"),
        salt=f"{kind}-demand",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )
