"""/jwks.json: the keys that our tokens are checked with (RFC 7517 section 5).

The next keys are there before anything is signed with them, the retired ones as long as anything they
signed may live: who caches the set for as long as it says never meets an unknown key.
"""

from sso_center.core.keys import Keys
from sso_center.protocols.api import Answer, Call, Handler, Headers, json_answer

HEADERS: Headers = (("Content-Type", "application/jwk-set+json"), ("Cache-Control", "public, max-age=300"))


def handler(keys: Keys) -> Handler:
    """Return the endpoint."""

    def jwks(_call: Call) -> Answer:
        return json_answer({"keys": keys.jwks()}, headers=HEADERS)

    return jwks
