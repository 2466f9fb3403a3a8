"""Where the center's endpoints are (OpenID Connect Discovery 1.0)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from client_sdk.core.errors import Unavailable
from client_sdk.core.http.transport import HttpRequest, HttpResponse, check_ok

PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the SDK needs of the discovery document; every address is checked to be one."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    introspection_endpoint: str | None
    revocation_endpoint: str | None
    takes_basic: bool
    names_issuer_in_responses: bool


def build_request(issuer: str) -> HttpRequest:
    """Build the request for the discovery document of `issuer`."""
    return HttpRequest("GET", issuer + PATH, {"Accept": "application/json"}, is_repeatable=True)


def process_response(response: HttpResponse, issuer: str) -> Metadata:
    """Read the discovery document (section 4.3: its issuer must be exactly the one asked for).

    Raises Unavailable.
    """
    check_ok(response.status)
    document = response.json_object()
    if document.get("issuer") != issuer:
        raise Unavailable(
            "discovery_issuer",
            "The discovery document is of another issuer.",
            expected=issuer,
            actual=document.get("issuer"),
        )
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint"),
        token_endpoint=_endpoint(document, "token_endpoint"),
        jwks_uri=_endpoint(document, "jwks_uri"),
        end_session_endpoint=_optional(document, "end_session_endpoint"),
        introspection_endpoint=_optional(document, "introspection_endpoint"),
        revocation_endpoint=_optional(document, "revocation_endpoint"),
        takes_basic=not isinstance(methods, list) or "client_secret_basic" in methods,
        names_issuer_in_responses=document.get("authorization_response_iss_parameter_supported") is True,
    )


def rebased(url: str, issuer: str, internal_url: str | None) -> str:
    """Return `url` with the issuer's address at its front replaced by `internal_url`, when there is one.

    An endpoint on another host than the issuer's stays where it is.
    """
    if internal_url is None or not (url == issuer or url.startswith(issuer + "/")):
        return url
    return internal_url + url[len(issuer) :]


def _optional(document: dict[str, Any], name: str) -> str | None:
    return _endpoint(document, name) if name in document else None


def _endpoint(document: dict[str, Any], name: str) -> str:
    url = document.get(name)
    allowed = ("https",) if str(document["issuer"]).startswith("https:") else ("http", "https")
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        parts = None
    if not isinstance(url, str) or parts is None or parts.scheme not in allowed or not parts.netloc:
        raise Unavailable(
            "discovery_malformed", f"The discovery document's {name} is no usable address.", actual=url
        )
    return url
