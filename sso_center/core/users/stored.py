"""The form in which a user is kept in Redis: JSON by names, with a version.

Older centers kept a list instead, which has no place for a profile. As long as such a one may run beside
this one on the same stores, a copy holds both forms. What is named legacy here, and the field `claims` of the
copy with it, can go one release later.
"""

import json
from typing import Any

from sso_center.core.users.user import Consent, User

VERSION = 2

LEGACY_MARK = " "
"""What the legacy form begins with when this center wrote it, and the new form beside it. An older one
writes it without, and leaves the new form as it was: out of date."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def user_to_json(user: User) -> str:
    """Return the form in which a user is kept; what is empty is left out."""
    fields = {
        "v": VERSION,
        "sub": user.sub,
        "username": user.username,
        "roles": user.roles,
        "disabled": user.is_disabled,
        "must_change_password": user.must_change_password,
        "version": user.version,
        "epoch": user.epoch,
        "refresh_epoch": user.refresh_epoch,
        "access_epoch": user.access_epoch,
        "consents": consents_to_document(user),
        "profile": user.profile,
        "changed_at": user.changed_at,
    }
    return _encode({name: value for name, value in fields.items() if value})


def user_from_json(text: str) -> User:
    """Return the user that `user_to_json` or an older center wrote."""
    if is_legacy(text):
        return _from_legacy(json.loads(text))
    stored: dict[str, Any] = json.loads(text)
    return User(
        sub=stored["sub"],
        username=stored.get("username", ""),
        roles=tuple(stored.get("roles", ())),
        is_disabled=stored.get("disabled", False),
        must_change_password=stored.get("must_change_password", False),
        version=stored["version"],
        epoch=stored.get("epoch", 0),
        refresh_epoch=stored.get("refresh_epoch", 0),
        access_epoch=stored.get("access_epoch", 0),
        consents=consents_from_document(stored.get("consents", {})),
        profile=stored.get("profile", {}),
        changed_at=stored.get("changed_at", 0),
    )


def consents_to_document(user: User) -> dict[str, dict[str, Any]]:
    """Return what the user let clients have, by client."""
    return {one.client_id: {"scope": one.scope, "granted_at": one.granted_at} for one in user.consents}


def consents_from_document(stored: dict[str, dict[str, Any]]) -> tuple[Consent, ...]:
    """Return what `consents_to_document` wrote."""
    return tuple(
        Consent(client_id, tuple(given["scope"]), given["granted_at"])
        # PostgreSQL keeps the members of a document in an order of its own.
        for client_id, given in sorted(stored.items())
    )


def is_legacy(text: str) -> bool:
    """Say whether an older center wrote this, which knows of no profile."""
    return not text.startswith("{")


def user_to_legacy_json(user: User) -> str:
    """Return what an older center reads."""
    fields = [
        user.sub,
        user.username,
        user.name,
        user.email,
        user.roles,
        int(user.is_disabled),
        int(user.must_change_password),
        user.version,
        user.epoch,
        user.refresh_epoch,
        user.access_epoch,
        [[one.client_id, one.scope, one.granted_at] for one in user.consents],
    ]
    return LEGACY_MARK + _encode(fields)


def _from_legacy(stored: list[Any]) -> User:
    # A still older center ended here.
    later = stored[9:] or [0, 0, ()]
    return User(
        sub=stored[0],
        username=stored[1],
        roles=tuple(stored[4]),
        is_disabled=bool(stored[5]),
        must_change_password=bool(stored[6]),
        version=stored[7],
        epoch=stored[8],
        refresh_epoch=later[0],
        access_epoch=later[1],
        consents=tuple(Consent(one[0], tuple(one[1]), one[2]) for one in later[2]),
        profile={"name": stored[2], "email": stored[3]},
    )
