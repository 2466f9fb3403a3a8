"""The center, as this process knows it: the way there, its addresses and its keys."""

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar
from urllib.parse import quote_plus, urlencode

from client_sdk.core.clock import Clock
from client_sdk.core.errors import TokenRefused, Unavailable
from client_sdk.core.http import discovery, jwks
from client_sdk.core.http.cached_fetch import CachedFetch
from client_sdk.core.http.discovery import Metadata
from client_sdk.core.http.jwks import KeySet
from client_sdk.core.http.transport import HttpRequest, HttpResponse, Stream, Streaming, Transport
from client_sdk.core.settings import Settings

T = TypeVar("T")
HOUR = 3600 * 1000
PAUSE = 5 * 1000

log = logging.getLogger("client_sdk")


class Center:
    """Sends requests to the center and keeps what changes rarely."""

    def __init__(self, settings: Settings, clock: Clock, transport: Transport) -> None:
        self.settings = settings
        self._transport = transport
        self._metadata = CachedFetch(self._discover, steady=clock.steady, max_age=HOUR, pause=PAUSE)
        self._keys = CachedFetch(self._fetch_keys, steady=clock.steady, max_age=HOUR, pause=PAUSE)

    def metadata(self) -> Metadata:
        """Return the discovery document. Raises Unavailable."""
        return self._metadata.get()

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request, to `internal_url` where that is set. Raises Unavailable."""
        return self._transport(self._rebased(request))

    def post_form(self, endpoint: str, form: Mapping[str, str], *, is_repeatable: bool) -> HttpResponse:
        """Post a form to an endpoint with the client's credentials, as the center accepts them.

        Raises Unavailable.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        settings = self.settings
        if self.metadata().takes_basic:
            request = HttpRequest("POST", endpoint, headers, urlencode(form).encode(), is_repeatable)
            return self.send(with_client(request, settings))
        form = {**form, "client_id": settings.client_id, "client_secret": settings.client_secret}
        return self.send(HttpRequest("POST", endpoint, headers, urlencode(form).encode(), is_repeatable))

    def open_stream(self, request: HttpRequest, silence: float) -> Stream | None:
        """Send a request whose answer goes on; returns None when the transport can't hold it open.

        `silence` is how long the center may send nothing, in seconds. Raises Unavailable.
        """
        transport: object = self._transport
        if not isinstance(transport, Streaming):
            return None
        return transport.open_stream(self._rebased(request), silence)

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

    def _rebased(self, request: HttpRequest) -> HttpRequest:
        settings = self.settings
        return replace(request, url=discovery.rebased(request.url, settings.issuer, settings.internal_url))

    def _discover(self) -> Metadata:
        issuer = self.settings.issuer
        return discovery.process_response(self.send(discovery.build_request(issuer)), issuer)

    def _fetch_keys(self) -> KeySet:
        return jwks.process_response(self.send(jwks.build_request(self.metadata().jwks_uri)))


def with_client(request: HttpRequest, settings: Settings) -> HttpRequest:
    """Return the request with client_secret_basic (RFC 6749 section 2.3.1).

    Both parts are form-encoded first, as the RFC says.
    """
    pair = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}"
    basic = f"Basic {b64encode(pair.encode()).decode()}"
    return replace(request, headers={**request.headers, "Authorization": basic})


@contextmanager
def log_unavailable(consequence: str) -> Iterator[None]:
    """Log what the center's unavailability prevents. Raises Unavailable as it came."""
    try:
        yield
    except Unavailable as failed:
        log.warning("%s: %s", consequence, failed)
        raise
