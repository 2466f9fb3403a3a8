"""/keys: what tokens and cookies are signed with."""

from collections.abc import Sequence
from typing import Any

from sso_center.core.keys.ring import PURPOSES
from sso_center.protocols.admin.route import AdminRequest, Route
from sso_center.protocols.admin.schema import members, text
from sso_center.protocols.admin.shapes import key_json, ref, whole
from sso_center.services import Services

_LIST = whole(keys={"type": "array", "items": ref("Key")})


def routes(services: Services) -> Sequence[Route]:
    """Return this noun's part of the table."""

    def all_keys(_asked: AdminRequest) -> dict[str, Any]:
        return {"keys": [key_json(key) for key in services.keys.stored()]}

    def rotate(asked: AdminRequest) -> dict[str, Any]:
        services.administration.keys.rotate(asked.actor, asked.body.get("purpose"))
        return all_keys(asked)

    return (
        Route(
            "GET",
            "/keys",
            "listKeys",
            "List the keys and where each is in its life; never the keys.",
            all_keys,
            _LIST,
        ),
        Route(
            "POST",
            "/keys/rotate",
            "rotateKeys",
            "Let the next keys sign, of one purpose or of all; those that signed so far only verify.",
            rotate,
            _LIST,
            body=members(purpose=text(enum=list(PURPOSES))),
        ),
    )
