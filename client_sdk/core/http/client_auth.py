"""How the site proves to the center who it is (RFC 6749 section 2.3.1)."""

from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote_plus

from client_sdk.core.http.transport import HttpRequest
from client_sdk.core.settings import Settings


def with_client(request: HttpRequest, settings: Settings) -> HttpRequest:
    """Return the request with client_secret_basic; both parts are form-encoded first, as the RFC says."""
    pair = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}"
    basic = f"Basic {b64encode(pair.encode()).decode()}"
    return replace(request, headers={**request.headers, "Authorization": basic})
