"""How a client proves who it is, alike at every endpoint that programs call."""

import binascii
from base64 import b64decode
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from sso_center.core.clients import Client, Clients
from sso_center.protocols.api_errors import InvalidClient, InvalidRequest
from sso_center.protocols.parameters import Parameters

METHODS = ("client_secret_basic", "client_secret_post")
"""What discovery calls the ways of a client that has a secret."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller sent to prove who it is: the Authorization header, and the two members of the body."""

    authorization: str | None = field(repr=False)
    client_id: str | None
    client_secret: str | None = field(repr=False)

    @classmethod
    def of_form(cls, authorization: str | None, form: Parameters) -> "Credentials":
        """Return what came with a form."""
        return cls(authorization, form.get("client_id"), form.get("client_secret"))


def authenticate(clients: Clients, sent: Credentials) -> Client:
    """Return the client that called, by exactly one of its ways (RFC 6749 sections 2.3 and 2.3.1).

    A client without a secret names itself and must prove by PKCE that the code is its own.
    Raises InvalidRequest for two ways at once, InvalidClient for everything else.
    """
    client_id, client_secret = sent.client_id, sent.client_secret
    if sent.authorization is not None:
        if client_secret is not None:
            raise InvalidRequest("Authenticate in the header or in the body, not in both.")
        client_id, client_secret = _basic(sent.authorization)
        if sent.client_id not in (None, client_id):
            raise InvalidRequest("The header and the body name different clients.")
    if client_id is None:
        raise InvalidClient(detail="no client named itself")
    if client_secret is None:
        return _public(clients, client_id)
    client = clients.authenticate(client_id, client_secret)
    if client is None or client.is_public:
        raise InvalidClient(detail=f"wrong secret or unknown client {client_id[:100]!r}")
    return client


def authenticate_confidential(clients: Clients, sent: Credentials) -> Client:
    """Return the client that called; raises InvalidClient also when it has no secret to prove itself with."""
    client = authenticate(clients, sent)
    if client.is_public:
        raise InvalidClient(detail=f"{client.client_id!r} is public")
    return client


def confirm(clients: Clients, client: Client, sent: Credentials) -> Client:
    """Look again, after the store was asked and before anything is given out; return the client as it is now.

    That a client was changed or removed elsewhere is noticed by asking the store: what was believed
    before may have been a secret that is no longer one. Raises what `authenticate` raises.
    """
    known = clients.find(client.client_id)
    return client if known is client or known == client else authenticate(clients, sent)


def _public(clients: Clients, client_id: str) -> Client:
    client = clients.find(client_id)
    if client is None or not client.is_public:
        raise InvalidClient(detail=f"no secret given by {client_id[:100]!r}")
    return client


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient(detail="an Authorization header that is not Basic")
    try:
        name, colon, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
        # Both parts are form-encoded first (RFC 6749 section 2.3.1).
        client_id, client_secret = unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError) as bad:
        raise InvalidClient(detail="a malformed Authorization header") from bad
    if not (colon and client_id and client_secret):
        raise InvalidClient(detail="an Authorization header without name or secret")
    return client_id, client_secret
