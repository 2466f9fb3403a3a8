"""/jwks.json: the keys that our tokens are checked with (RFC 7517 section 5).

The next keys are there before anything is signed with them, the retired ones as long as anything they
signed may live: who caches the set for as long as it says never meets an unknown key.
"""

from contextlib import suppress

from sso_center.base.errors import Unavailable
from sso_center.base.secrets import all_shards
from sso_center.protocols.api import Answer, Call, Handler, Headers, json_answer
from sso_center.services import Services

HEADERS: Headers = (("Content-Type", "application/jwk-set+json"), ("Cache-Control", "public, max-age=300"))


def handler(services: Services) -> Handler:
    """Return the endpoint."""

    def jwks(_call: Call) -> Answer:
        _catch_up(services)
        return json_answer({"keys": services.keys.jwks()}, headers=HEADERS)

    return jwks


def _catch_up(services: Services) -> None:
    # A process learns of a rotation by asking the store, and one that nobody asked anything else of late has
    # not. While the store is away there is no rotation either.
    with suppress(Unavailable):
        if services.redis.marker(all_shards()[0]).config > services.redis.configuration_version:
            services.keys.reload()
