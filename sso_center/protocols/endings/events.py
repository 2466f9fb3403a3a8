"""The event of a journal entry, in the words of SSF and CAEP.

Members of a Security Event Token (RFC 8417), unsigned: the connection says whom it is from. Subjects have the
format `complex` of OpenID Shared Signals Framework 1.0 section 3, made of RFC 9493's; the types and their
members are those of OpenID CAEP 1.0, and OAuth's. `at` (milliseconds), `jti` and `families` are ours.
"""

import json
from typing import Any

from sso_center.core.journal.entries import Entry
from sso_center.core.reasons import CENTER, Reason

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
SESSION_REVOKED = CAEP + "session-revoked"
CLAIMS_CHANGED = CAEP + "token-claims-change"
TOKEN_REVOKED = "https://schemas.openid.net/secevent/oauth/event-type/token-revoked"  # noqa: S105 - a type

_TYPES = {"user": CLAIMS_CHANGED, "revocation": TOKEN_REVOKED}
_BY_RULE = (Reason.EXPIRED, Reason.EVICTED)
_BY_ADMINS = (Reason.ADMIN, Reason.REMOVED)

Member = dict[str, str]

_encode = json.JSONEncoder(separators=(",", ":")).encode


def event(issuer: str, lineage: str, entry: Entry) -> bytes:
    """Return the event of an entry: JSON, in one line."""
    at = entry.detail.get("at", entry.at)
    about: dict[str, Any] = {
        "event_timestamp": at // 1000,
        "at": at,
        "reason": entry.reason,
        "initiating_entity": _initiator(entry),
    }
    if entry.kind == "revocation":
        about |= _revoked(entry.detail)
    return _encode(
        {
            "position": f"{lineage}:{entry.number}",
            "iat": entry.at // 1000,
            "sub_id": {"format": "complex", **_subject(issuer, entry)},
            "events": {_TYPES.get(entry.kind, SESSION_REVOKED): about},
        }
    ).encode()


def _subject(issuer: str, entry: Entry) -> dict[str, Member]:
    if entry.kind == "cutoff":
        return _cut_off(issuer, entry.detail["scope"], entry.detail["name"])
    subject = {}
    if entry.sid:
        subject["session"] = _opaque(entry.sid)
    if entry.sub:
        subject["user"] = _user(issuer, entry.sub)
    if entry.kind == "leave" or not subject:
        # An entry without a user is about a client's own token.
        subject["application"] = _opaque(entry.client_id)
    return subject


def _cut_off(issuer: str, scope: str, name: str) -> dict[str, Member]:
    if scope == "user":
        return {"user": _user(issuer, name)}
    if scope == "client":
        return {"application": _opaque(name)}
    if scope == "role":
        return {"group": _opaque(name)}
    return {"tenant": _opaque(issuer)}


def _opaque(id: str) -> Member:
    return {"format": "opaque", "id": id}


def _user(issuer: str, sub: str) -> Member:
    return {"format": "iss_sub", "iss": issuer, "sub": sub}


def _revoked(detail: dict[str, Any]) -> dict[str, Any]:
    return {"jti": detail["denied"]} if "denied" in detail else {"families": detail.get("families", [])}


def _initiator(entry: Entry) -> str:
    """Return who began it, as CAEP knows them (section 2)."""
    if entry.reason in _BY_RULE:
        return "policy"
    if entry.reason in _BY_ADMINS:
        return "admin"
    if entry.actor in ("", CENTER):
        return "system"
    # A site that asks does so for the person in front of it.
    return "user" if entry.actor == entry.sub or entry.actor.startswith("client:") else "admin"
