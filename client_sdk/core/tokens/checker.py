"""Does a token count: memory decides while it is recent, else the center, asked once for all who wait."""

from dataclasses import dataclass, replace
from hashlib import sha256

from client_sdk.core.clock import Clock
from client_sdk.core.endings.feed_follower import FeedFollower
from client_sdk.core.endings.view import View
from client_sdk.core.errors import TokenRefused, Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.settings import Settings
from client_sdk.core.threads.fork import notice_fork
from client_sdk.core.threads.lru import LRU
from client_sdk.core.threads.single_flight import SingleFlight
from client_sdk.core.tokens import access_token
from client_sdk.core.tokens.access_token import check_audience
from client_sdk.core.tokens.introspection import introspect
from client_sdk.core.tokens.token import CheckedToken

CAPACITY = 10_000
REFUSAL_LIFETIME = 5_000
"""Milliseconds for which a refusal by the center is remembered."""
PAUSE_AFTER_FAILURE = 1_000


@dataclass(frozen=True, slots=True)
class _Reply:
    """The center's answer, true as of when its question was sent (steady clock, ms)."""

    answer: CheckedToken | None
    as_of: int
    max_age: int


class TokenChecker:
    """Checks bearer tokens, and remembers the center's answers by the tokens' SHA-256.

    A JWT is first verified here; then the center says whether it was revoked, and that answer counts for
    `max_staleness`. Only the center can judge an opaque token; its answer counts for `token_cache`. Either
    answer is dropped as soon as the feed reports anything of the token, its session, user or client.
    """

    def __init__(
        self, settings: Settings, clock: Clock, center: Center, view: View, follower: FeedFollower
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._center = center
        self._view = view
        self._follower = follower
        self._known: LRU[bytes, _Reply] = LRU(CAPACITY)
        # Apart from the others: a flood of invented tokens must not evict real ones.
        self._refused: LRU[bytes, int] = LRU(CAPACITY)
        self._flights: SingleFlight[bytes, _Reply] = SingleFlight()
        self._failed: tuple[int, Unavailable] | None = None
        self._leeway = int(settings.leeway * 1000)
        self._max_ages = int(settings.token_cache * 1000), int(settings.max_staleness * 1000)

    def check(self, text: str, audience: str) -> CheckedToken:
        """Return what the center says of a token meant for `audience`. Raises TokenRefused, Unavailable."""
        notice_fork()
        self._follower.ensure_running(self._clock.steady())
        digest = sha256(text.encode()).digest()
        known = self._remembered(digest)
        answer = known.answer if known is not None else None
        if answer is None:
            answer = self._look(text, digest, audience)
        check_audience(answer.token, audience)
        return answer

    def _remembered(self, digest: bytes) -> _Reply | None:
        reply = self._known.get(digest)
        if reply is None or reply.answer is None or not self._is_recent(reply):
            return None
        is_over = self._clock.wall() >= reply.answer.token.expires_at * 1000 + self._leeway
        return None if is_over else reply

    def _is_recent(self, reply: _Reply) -> bool:
        if not 0 <= self._clock.steady() - reply.as_of < reply.max_age:
            return False
        return reply.answer is None or not self._has_changed(reply.answer, reply.as_of)

    def _has_changed(self, answer: CheckedToken, since: int) -> bool:
        token = answer.token
        return self._view.has_changed(token.sid, token.sub, since) or self._view.has_changed_for_token(
            answer.jti, token.client_id, since
        )

    def _look(self, text: str, digest: bytes, audience: str) -> CheckedToken:
        refused_at = self._refused.get(digest)
        if refused_at is not None and 0 <= self._clock.steady() - refused_at < REFUSAL_LIFETIME:
            raise _inactive()
        signed = self._verify(text, audience) if access_token.is_jwt(text) else None
        try:
            return self._asked(text, digest, signed)
        except Unavailable as failed:
            if self._settings.fail_open:
                return self._without_center(digest, signed, failed)
            raise

    def _verify(self, text: str, audience: str) -> CheckedToken:
        now = self._clock.wall()
        return self._center.with_keys(
            lambda keys: access_token.validate(text, keys, self._settings, audience, now)
        )

    def _asked(self, text: str, digest: bytes, signed: CheckedToken | None) -> CheckedToken:
        # An ending that arrives while the question is under way outdates its answer: ask again.
        for _ in range(3):
            reply = self._flights.run(digest, lambda: self._ask(text, digest, signed))
            if reply.answer is None:
                raise _inactive()
            if self._is_recent(reply):
                return reply.answer
        raise Unavailable("center_failed", "The center's answer came too late to count.")

    def _ask(self, text: str, digest: bytes, signed: CheckedToken | None) -> _Reply:
        known = self._remembered(digest)
        if known is not None:
            return known
        as_of = self._clock.steady()
        if self._failed is not None and as_of - self._failed[0] < PAUSE_AFTER_FAILURE:
            raise self._failed[1].again()
        try:
            answer = introspect(self._center, text)
        except Unavailable as failed:
            if failed.code == "center_unreachable":
                # A center that hangs must not hang every thread of the API too. One that answers with an
                # error may have failed on this token alone: the others are not refused.
                self._failed = self._clock.steady(), failed
            raise
        if answer is not None and signed is not None:
            answer = _matched(answer, signed)
        return self._remember(digest, _Reply(answer, as_of, self._max_ages[signed is not None]))

    def _remember(self, digest: bytes, reply: _Reply) -> _Reply:
        if reply.answer is None:
            self._known.pop(digest)
            self._refused.put(digest, reply.as_of)
        else:
            self._known.put(digest, reply)
        return reply

    def _without_center(
        self, digest: bytes, signed: CheckedToken | None, failed: Unavailable
    ) -> CheckedToken:
        known = self._known.get(digest)
        if known is not None and known.answer is not None:
            is_over = self._clock.wall() >= known.answer.token.expires_at * 1000
            if not is_over and not self._has_changed(known.answer, known.as_of):
                return known.answer
        if signed is None or self._has_changed(signed, 0):
            raise failed
        return signed


def _matched(answer: CheckedToken, signed: CheckedToken) -> CheckedToken | None:
    """Return the answer when it speaks of the token that was verified, else None."""
    said, read = answer.token, signed.token
    if (said.sub, said.client_id) != (read.sub, read.client_id) or answer.jti not in ("", signed.jti):
        return None
    return replace(answer, token=replace(said, audience=read.audience))


def _inactive() -> TokenRefused:
    return TokenRefused("token_inactive", "The token is unknown, expired or revoked.")
