"""The center, as this process knows it: its addresses, its keys, and the way there."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from client_sdk.core import check, discovery, event_stream, feed, introspection, keys, refresh
from client_sdk.core.cached import Cached
from client_sdk.core.callback import Tokens
from client_sdk.core.clock import Clock
from client_sdk.core.discovery import Metadata
from client_sdk.core.errors import TokenRefused, Unavailable
from client_sdk.core.keys import KeySet
from client_sdk.core.position import Position
from client_sdk.core.settings import Settings
from client_sdk.core.transport import HttpRequest, HttpResponse, Stream, Streaming, Transport

T = TypeVar("T")
HOUR = 3600 * 1000
PAUSE = 5 * 1000

log = logging.getLogger("client_sdk")


class Center:
    """Sends requests to the center and keeps what changes rarely."""

    def __init__(self, settings: Settings, clock: Clock, transport: Transport) -> None:
        self._settings = settings
        self._transport = transport
        self._metadata = Cached(self._discover, steady=clock.steady, max_age=HOUR, pause=PAUSE)
        self._keys = Cached(self._fetch_keys, steady=clock.steady, max_age=HOUR, pause=PAUSE)

    def metadata(self) -> Metadata:
        """Return the discovery document. Raises Unavailable."""
        return self._metadata.get()

    def send(self, request: HttpRequest) -> HttpResponse:
        """Carry a request to the center, by `internal_url` where there is one. Raises Unavailable."""
        return self._transport(self._rebased(request))

    def with_keys(self, verify: Callable[[KeySet], T]) -> T:
        """Return `verify(keys)`, with fresher keys when it does not know the key that a token names.

        Raises what `verify` raises, and Unavailable.
        """
        try:
            return verify(self._keys.get())
        except TokenRefused as refused:
            if refused.code != "token_key_unknown":
                raise
        return verify(self._keys.newer())

    def are_alive(self, sids: Sequence[str]) -> Mapping[str, bool]:
        """Ask which of the sessions are alive. Raises Unavailable."""
        try:
            return check.process_response(self.send(check.build_request(self._settings, sids)), sids)
        except Unavailable as failed:
            log.warning("sessions can't be checked: %s", failed)
            raise

    def news(self, after: Position | None) -> feed.News:
        """Ask what was recorded behind `after`. Raises Unavailable, which is left to the caller to log."""
        return feed.process_response(self.send(feed.build_request(self._settings, after)), after)

    def open_stream(self, after: Position | None, silence: float) -> Stream | None:
        """Ask to be told of what is recorded from `after` on; None when no transport here can.

        `silence` is how long the center may say nothing, in seconds. Raises Unavailable, as `news` does.
        """
        transport: object = self._transport
        if not isinstance(transport, Streaming):
            return None
        request = self._rebased(event_stream.build_request(self._settings, after))
        stream = transport.open_stream(request, silence)
        try:
            feed.check_status(stream.status)
        except Unavailable:
            stream.close()
            raise
        return stream

    def introspect(self, token: str) -> introspection.Answer | None:
        """Ask whether a token counts; None when it does not. Raises Unavailable."""
        try:
            request = introspection.build_request(self.metadata(), self._settings, token)
            return introspection.process_response(self.send(request), self._settings)
        except Unavailable as failed:
            log.warning("a token can't be checked: %s", failed)
            raise

    def refresh(self, refresh_token: str) -> Tokens | None:
        """Ask for fresh tokens; None when the center refuses. Raises Unavailable."""
        try:
            request = refresh.build_request(self.metadata(), self._settings, refresh_token)
            return refresh.process_response(self.send(request))
        except Unavailable as failed:
            log.warning("tokens can't be refreshed: %s", failed)
            raise

    def revoke(self, refresh_token: str) -> None:
        """Give a refresh token back. Raises Unavailable."""
        request = refresh.build_revocation(self.metadata(), self._settings, refresh_token)
        if request is not None and self.send(request).status != 200:
            raise Unavailable("center_failed", "The center did not take a token back.")

    def _rebased(self, request: HttpRequest) -> HttpRequest:
        url = discovery.rebased(request.url, self._settings.issuer, self._settings.internal_url)
        return replace(request, url=url)

    def _discover(self) -> Metadata:
        issuer = self._settings.issuer
        return discovery.process_response(self.send(discovery.build_request(issuer)), issuer)

    def _fetch_keys(self) -> KeySet:
        return keys.process_response(self.send(keys.build_request(self.metadata().jwks_uri)))
