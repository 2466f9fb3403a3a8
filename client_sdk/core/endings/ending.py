"""An ending: one entry of the center's journal, as its feed sends it to this site.

The words are those of SSF and CAEP (OpenID CAEP 1.0; subjects of RFC 9493): which of the members session,
user, application, group and tenant stand in `sub_id` says what ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from client_sdk.core.sessions.position import Position

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
SESSION_REVOKED = CAEP + "session-revoked"
CLAIMS_CHANGED = CAEP + "token-claims-change"
TOKEN_REVOKED = "https://schemas.openid.net/secevent/oauth/event-type/token-revoked"  # noqa: S105 - a name


class Kind(Enum):
    """What an entry is about."""

    SESSION = "a session ended"
    LEAVE = "one client left a session"
    USER = "whatever of a user was stamped up to then"
    CLIENT = "whatever of a client was stamped up to then"
    ROLE = "whatever of those with a role was stamped up to then"
    EVERYONE = "whatever was stamped up to then"
    CHANGE = "a user changed"
    TOKEN = "single tokens"  # noqa: S105 - a kind
    UNKNOWN = "something that only the center can judge"


@dataclass(frozen=True, slots=True)
class Ending:
    """One entry; `at` is the time of the ending, or the stamp of a cut-off, in ms of the center's clock.

    `name` is a client's id or a role; `tokens` are ids of tokens (jti) or of families of them.
    """

    kind: Kind
    position: Position
    at: int = 0
    sid: str = ""
    sub: str = ""
    name: str = ""
    tokens: tuple[str, ...] = ()


def read_ending(event: object) -> Ending | None:
    """Return the ending that an event of the feed describes, or None when its position can't be read."""
    if not isinstance(event, dict):
        return None
    position = Position.parse(event.get("position"))
    if position is None:
        return None
    subject, events = _mapping(event.get("sub_id")), _mapping(event.get("events"))
    for kind, read in ((SESSION_REVOKED, _revoked), (CLAIMS_CHANGED, _changed), (TOKEN_REVOKED, _tokens)):
        if kind in events:
            return read(position, subject, _mapping(events[kind])) or Ending(Kind.UNKNOWN, position)
    return Ending(Kind.UNKNOWN, position)


def _revoked(position: Position, subject: Mapping[str, Any], said: Mapping[str, Any]) -> Ending | None:
    at, sid, sub = _milliseconds(said.get("at")), _id(subject, "session"), _id(subject, "user", "sub")
    client, role = _id(subject, "application"), _id(subject, "group")
    if sid:
        return Ending(Kind.LEAVE if "application" in subject else Kind.SESSION, position, at or 0, sid, sub)
    if at is None:
        # A cut-off without a time can't be applied to anything here.
        return None
    if sub:
        return Ending(Kind.USER, position, at, sub=sub)
    if client:
        return Ending(Kind.CLIENT, position, at, name=client)
    if role:
        return Ending(Kind.ROLE, position, at, name=role)
    return Ending(Kind.EVERYONE, position, at) if "tenant" in subject else None


def _changed(position: Position, subject: Mapping[str, Any], said: Mapping[str, Any]) -> Ending | None:
    sub = _id(subject, "user", "sub")
    return Ending(Kind.CHANGE, position, _milliseconds(said.get("at")) or 0, sub=sub) if sub else None


def _tokens(position: Position, subject: Mapping[str, Any], said: Mapping[str, Any]) -> Ending | None:
    jti, families = said.get("jti"), said.get("families")
    named = [jti] if isinstance(jti, str) else families if isinstance(families, list) else []
    if not named or not all(isinstance(name, str) for name in named):
        return None
    sub = _id(subject, "user", "sub")
    return Ending(Kind.TOKEN, position, _milliseconds(said.get("at")) or 0, sub=sub, tokens=tuple(named))


def _id(subject: Mapping[str, Any], member: str, name: str = "id") -> str:
    value = _mapping(subject.get(member)).get(name)
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _milliseconds(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
