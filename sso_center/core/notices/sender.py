"""One attempt to notify a site of a logout: one POST in the words of its protocol, and the receipt."""

import time
from dataclasses import dataclass

from sso_center.base.clock import Clock
from sso_center.base.errors import Invalid
from sso_center.base.secrets import new_id, shard_of
from sso_center.core.clients import Client
from sso_center.core.keys import Keys
from sso_center.core.notices.creation import takes_notices
from sso_center.core.notices.post import Poster
from sso_center.core.notices.words import FindWords, Issuer, LogoutNotice

NO_ADDRESS = "the client has no logout address"


@dataclass(frozen=True)
class Receipt:
    """The outcome of an attempt. `took` is in milliseconds; `error` is for the admin, without secrets."""

    is_confirmed: bool
    status: int | None
    took: int
    error: str


class NoticeSender:
    """Sends notices to sites. Thread-safe. `find_words` returns the words of a protocol."""

    def __init__(self, keys: Keys, poster: Poster, issuer: str, clock: Clock, find_words: FindWords) -> None:
        self._keys = keys
        self._poster = poster
        self._issuer = issuer
        self._clock = clock
        self._find_words = find_words

    def send(
        self, client: Client | None, *, sub: str, sid: str, handle: str = "", protocol: str = ""
    ) -> Receipt:
        """Notify a client that a session ended, or every session of a person when `sid` is ''.

        `protocol` is the one that the notice was made for, the client's own when it is ''.
        """
        if not takes_notices(client):
            return Receipt(False, None, 0, NO_ADDRESS)
        words = self._find_words(protocol or client.protocol)
        if words is None:
            return Receipt(False, None, 0, f"the center does not speak {protocol or client.protocol}")
        issuer = Issuer(self._keys, self._issuer, self._clock())
        request = words(issuer, LogoutNotice(client, sub, sid, handle))
        started = time.monotonic()
        try:
            status = self._poster.post(request.url, request.body, request.content_type)
        except Invalid as refused:
            return Receipt(False, None, _since(started), refused.message)
        error = request.error_of(status)
        return Receipt(not error, status, _since(started), error)

    def probe(self, client: Client) -> Receipt:
        """Post a real logout token that names a person and a session that never existed, and return the
        receipt.

        A site that checks tokens properly accepts it and finds nothing to end. Takes ten seconds at most.
        Raises Unavailable.
        """
        nobody = "u" + new_id(shard_of(client.client_id))
        return self.send(client, sub=nobody, sid=new_id(shard_of(nobody)))


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
