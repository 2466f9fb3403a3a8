"""How the site proves to the center who it is (RFC 6749 section 2.3.1)."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote_plus, urlencode

from client_sdk.core.settings import Settings
from client_sdk.core.transport import HttpRequest


def with_client(request: HttpRequest, settings: Settings) -> HttpRequest:
    """Return the request with client_secret_basic; both parts are form-encoded first, as the RFC says."""
    pair = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}"
    basic = f"Basic {b64encode(pair.encode()).decode()}"
    return replace(request, headers={**request.headers, "Authorization": basic})


def form_request(
    url: str, form: Mapping[str, str], settings: Settings, *, takes_basic: bool = True, is_repeatable: bool
) -> HttpRequest:
    """Return a form to be posted to the center, with the client's proof where the center takes it."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if takes_basic:
        body = urlencode(form).encode()
        return with_client(HttpRequest("POST", url, headers, body, is_repeatable), settings)
    proof = {"client_id": settings.client_id, "client_secret": settings.client_secret}
    return HttpRequest("POST", url, headers, urlencode({**form, **proof}).encode(), is_repeatable)
