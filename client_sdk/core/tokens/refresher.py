"""Refreshes tokens, once for all requests that hold the same refresh token."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from client_sdk.core.clock import Clock
from client_sdk.core.errors import LoginNeeded, Unavailable
from client_sdk.core.http.center import Center
from client_sdk.core.settings import Settings
from client_sdk.core.threads.fork import renew_after_fork
from client_sdk.core.threads.single_flight import SingleFlight
from client_sdk.core.tokens import refresh_request
from client_sdk.core.tokens.stored_tokens import StoredTokens

RESULT_LIFETIME = 120_000
"""Milliseconds for which a result is kept for requests that still bring the former cookie."""
CAPACITY = 10_000
PAUSE_AFTER_FAILURE = 1_000

log = logging.getLogger("client_sdk")


@dataclass(frozen=True, slots=True)
class _Result:
    """The result of a refresh: tokens, or None when it was refused; `at` by the steady clock (ms)."""

    tokens: StoredTokens | None
    at: int


class TokenRefresher:
    """Refreshes tokens shortly before they expire, with one request for all who hold the same ones."""

    def __init__(self, settings: Settings, clock: Clock, center: Center) -> None:
        self._early = int(settings.refresh_early * 1000)
        self._clock = clock
        self._center = center
        self._flights: SingleFlight[bytes, StoredTokens | None] = SingleFlight()
        self._results = _Results(clock.steady)
        self._failed: tuple[int, Unavailable] | None = None

    def newest(self, tokens: StoredTokens, *, refused: str = "") -> StoredTokens:
        """Return `tokens` themselves while they stay valid long enough, else fresh ones.

        `refused` is an access token that an API refused early: with a refresh token it is treated as expired.
        Raises LoginNeeded when the center refuses, or when the access token expired and there is no refresh
        token; Unavailable when it expired and the center can't be reached.
        """
        is_refused = tokens.access_token == refused
        newest = self._newer(tokens, is_over=True) if is_refused else tokens
        # The result kept for a former cookie may itself be about to expire.
        for _ in range(3):
            if self._clock.wall() < newest.expires_at - min(self._early, newest.lifetime // 5):
                break
            newer = self._newer(newest, is_over=self._clock.wall() >= newest.expires_at)
            if newer is newest:
                break
            newest = newer
        return newest

    def _newer(self, tokens: StoredTokens, *, is_over: bool) -> StoredTokens:
        if not tokens.refresh_token:
            if self._clock.wall() >= tokens.expires_at:
                raise LoginNeeded(
                    "tokens_expired", "The access token expired, and there is no refresh token."
                )
            return tokens
        digest = sha256(tokens.refresh_token.encode()).digest()
        try:
            fresh = self._flights.run(digest, lambda: self._refresh(digest, tokens))
        except Unavailable:
            # The present token stays valid until it expires, even while the center is away.
            if is_over:
                raise
            return tokens
        if fresh is None:
            raise LoginNeeded("refresh_refused", "The center gives no more tokens.", is_session_over=True)
        return fresh

    def _refresh(self, digest: bytes, tokens: StoredTokens) -> StoredTokens | None:
        kept = self._results.find(digest)
        # When the refresh token stays the same, its last result may be the tokens to replace.
        if kept is not None and kept.tokens != tokens:
            return kept.tokens
        if self._failed is not None and self._clock.steady() - self._failed[0] < PAUSE_AFTER_FAILURE:
            raise self._failed[1].again()
        sent_at = self._clock.wall()
        try:
            given = refresh_request.refresh(self._center, tokens.refresh_token)
        except Unavailable as failed:
            self._failed = self._clock.steady(), failed
            raise
        fresh = None if given is None else StoredTokens.of(given, sent_at, tokens.refresh_token)
        self._results.put(digest, fresh)
        return fresh


class _Results:
    """Results by the hash of the refresh token; each is dropped after `RESULT_LIFETIME`."""

    def __init__(self, steady: Callable[[], int]) -> None:
        self._steady = steady
        self._kept: dict[bytes, _Result] = {}
        self._lock = threading.Lock()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent may have held."""
        self._lock = threading.Lock()

    def find(self, digest: bytes) -> _Result | None:
        """Return the result, unless it is too old."""
        found = self._kept.get(digest)
        return None if found is None or self._steady() - found.at >= RESULT_LIFETIME else found

    def put(self, digest: bytes, tokens: StoredTokens | None) -> None:
        """Keep a result, and drop those that are too old."""
        now = self._steady()
        with self._lock:
            self._kept.pop(digest, None)
            self._kept[digest] = _Result(tokens, now)
            while len(self._kept) > CAPACITY or now - next(iter(self._kept.values())).at >= RESULT_LIFETIME:
                del self._kept[next(iter(self._kept))]
