"""The shapes of a session, and the one place that reads a script's reply into them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from sso_center.core.users import User

VERSION = 2
"""Of the form in which a session keeps what is known of its login."""


class Outcome(StrEnum):
    """The verdict on a presented session cookie."""

    ALIVE = "alive"
    NONE = "none"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    ENDED = "ended"
    REUSE = "reuse"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class About:
    """The part of a session's record that is only displayed: no script decides by it."""

    amr: tuple[str, ...]
    acr: str
    opened_at: int
    user_agent: str
    address: str
    is_remembered: bool

    def to_json(self) -> str:
        """Return the compact form that the session's record stores.

        Scripts look for user agent and address side by side.
        """
        fields = {
            "v": VERSION,
            "amr": self.amr,
            "acr": self.acr,
            "opened_at": self.opened_at,
            "user_agent": self.user_agent,
            "address": self.address,
            "remembered": self.is_remembered,
        }
        return json.dumps(fields, separators=(",", ":"))


@dataclass(frozen=True)
class Session:
    """A living global session. Instants are milliseconds since 1970.

    `stamp` is when the person last authenticated, which ID tokens call `auth_time`.
    """

    sid: str
    sub: str
    chain_id: str
    stamp: int
    seen_at: int
    deadline: int
    about: About
    user: User

    @property
    def auth_time(self) -> int:
        """When the person last authenticated (ms)."""
        return self.stamp

    @property
    def amr(self) -> tuple[str, ...]:
        """By which methods (RFC 8176)."""
        return self.about.amr

    @property
    def acr(self) -> str:
        """How strong the authentication was, as a name that a client may ask for."""
        return self.about.acr

    @property
    def opened_at(self) -> int:
        """When the session was opened (ms)."""
        return self.about.opened_at

    @property
    def is_remembered(self) -> bool:
        """Whether the session outlives the browser."""
        return self.about.is_remembered


@dataclass(frozen=True)
class SessionView:
    """A session in a list for a person or an admin. Instants are milliseconds since 1970."""

    sid: str
    sub: str
    opened_at: int
    seen_at: int
    deadline: int
    user_agent: str
    address: str
    client_ids: tuple[str, ...]
    is_remembered: bool
    kind: str
    """"browser" or "app"."""
    device_type: str


@dataclass(frozen=True)
class Visit:
    """The result of presenting a session cookie: the session when it is alive, else why it is not.

    `successor` is the cookie to set when rotation is due. `sid` names the session whenever one was found, so
    that a reuse can end it. `reason` says why a session that was once alive is not any more, '' when unknown;
    it is kept for a week after the end.
    """

    outcome: Outcome
    session: Session | None = None
    successor: str | None = field(default=None, repr=False)
    sid: str | None = None
    reason: str = ""


@lru_cache(maxsize=4096)
def read_about(text: str) -> About:
    """Read what About.to_json wrote, or as much of it as a family keeps."""
    stored = json.loads(text)
    # An older center wrote a list; can go one release later.
    if isinstance(stored, list):
        return About(tuple(stored[0]), *stored[1:])
    return About(
        tuple(stored["amr"]),
        stored["acr"],
        stored.get("opened_at", 0),
        stored.get("user_agent", ""),
        stored.get("address", ""),
        stored.get("remembered", False),
    )


def read_session(reply: Sequence[str], read_user: Callable[[str], User]) -> Session:
    """Read the eight values of `session_reply` in session.lua."""
    sid, sub, stamp, seen, deadline, about, chain_id, claims = reply[:8]
    return Session(
        sid, sub, chain_id, int(stamp), int(seen), int(deadline), read_about(about), read_user(claims)
    )


def read_view(row: Sequence[str]) -> SessionView:
    """Read a row of list_sessions.lua: a session's reply, kind and device type, then its participants."""
    sid, sub, _stamp, seen, deadline, about_text, _chain, _claims, kind, device_type, *client_ids = row
    about = read_about(about_text)
    return SessionView(
        sid=sid,
        sub=sub,
        opened_at=about.opened_at,
        seen_at=int(seen),
        deadline=int(deadline),
        user_agent=about.user_agent,
        address=about.address,
        client_ids=tuple(sorted(client_ids)),
        is_remembered=about.is_remembered,
        kind=kind,
        device_type=device_type,
    )
