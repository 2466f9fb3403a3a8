"""Telling a site of a logout once: one POST of one fresh logout token, and what came of it."""

import time
from dataclasses import dataclass

from sso_center.base.clock import Clock
from sso_center.base.errors import Invalid
from sso_center.core.clients import Client
from sso_center.core.keys import Keys
from sso_center.core.notices.logout_token import make_logout_token
from sso_center.core.notices.post import Poster

NO_ADDRESS = "the client has no logout address"


@dataclass(frozen=True)
class Receipt:
    """What came of an attempt. `took` is in milliseconds; `error` is for the admin, without secrets."""

    is_confirmed: bool
    status: int | None
    took: int
    error: str


class NoticeSender:
    """Tells sites. Thread-safe."""

    def __init__(self, keys: Keys, poster: Poster, issuer: str, clock: Clock) -> None:
        self._keys = keys
        self._poster = poster
        self._issuer = issuer
        self._clock = clock

    def send(self, client: Client | None, *, sub: str, sid: str) -> Receipt:
        """Tell a client that a session is over, or every one of a person when `sid` is ''."""
        if client is None or not client.backchannel_logout_uri:
            return Receipt(False, None, 0, NO_ADDRESS)
        token = make_logout_token(self._keys, self._issuer, client, sub=sub, sid=sid, now=self._clock())
        started = time.monotonic()
        try:
            status = self._poster.post(client.backchannel_logout_uri, {"logout_token": token})
        except Invalid as refused:
            return Receipt(False, None, _since(started), refused.message)
        # The standard's success is 200; some sites answer 204 (Back-Channel Logout 1.0 section 2.8).
        error = "" if status in (200, 204) else f"answered {status}"
        return Receipt(not error, status, _since(started), error)


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
