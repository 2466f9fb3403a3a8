"""Open, visit, list and look up global sessions."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sso_center.base.clock import Clock
from sso_center.base.errors import Conflict, NotFound, Unavailable
from sso_center.base.secrets import all_shards, new_id, shard_in, shard_of
from sso_center.core.audit import AUDIT_PART
from sso_center.core.chains.token import (
    ChainSigner,
    ChainToken,
    beginning_arguments,
    new_chain_token,
    presented_arguments,
)
from sso_center.core.sessions.acr import acr_of
from sso_center.core.sessions.device_type import device_mark, device_type_of
from sso_center.core.sessions.limit import NO_LIMITS, SessionLimits, TooManySessions
from sso_center.core.sessions.presence import WINDOWS, Presence, Step, read_presence, read_steps
from sso_center.core.sessions.record import (
    About,
    Outcome,
    Session,
    SessionView,
    Visit,
    read_session,
    read_view,
)
from sso_center.core.users import User, Users
from sso_center.storage.redis import NOTHING, Arguments, Redis, Script, load_script

SESSION_PARTS = (
    "sso_center.core.chains/chain.lua",
    "sso_center.core.sessions/presence.lua",
    "sso_center.core.sessions/session.lua",
)
"""The parts of every script that asks whether a session is alive."""

LISTING_PARTS = (*SESSION_PARTS, "sso_center.core.sessions/listing.lua")
"""The parts of every script that lists sessions."""

OPENING_PARTS = (*SESSION_PARTS, "sso_center.core.sessions/opening.lua")
"""The parts of every script that opens a session."""

SCAN_PART = "sso_center.core.sessions/scan.lua"
SCAN_PARTS = (*SESSION_PARTS, SCAN_PART)
"""The parts of every script that scans an index of sessions, a page at a time."""

FIRST = "0"
"""The cursor that a scan of an index begins and ends with."""

_VISIT = load_script(__package__, *SESSION_PARTS, "visit.lua")
_OPEN = load_script(__package__, *OPENING_PARTS, AUDIT_PART, "open.lua")
_COUNT_INDEX = load_script(__package__, "count_index.lua")
_LIST = load_script(__package__, *LISTING_PARTS, "list_sessions.lua")
_LIST_STEPS = load_script(__package__, *SESSION_PARTS, "list_steps.lua")
_COUNT_PRESENCE = load_script(__package__, "count_presence.lua")

_PAGE = 500
_USED_HOURS = 24
MAX_USER_AGENT = 200
"""Characters that are stored of a browser's or app's name."""


@dataclass(frozen=True)
class Lifetimes:
    """How long sessions live, in seconds."""

    idle: int
    absolute: int
    remembered: int
    rotation: int


@dataclass(frozen=True)
class OpenedSession:
    """A session just opened: its cookie, and the sessions that it replaces, which the caller ends.

    `replaced` is the sid of another person's session in this browser; `evicted` are sessions of the same
    person that were closed in the same step, to keep the limit.
    """

    session: Session
    cookie: str = field(repr=False)
    replaced: str | None
    evicted: tuple[str, ...] = ()


class Sessions:
    """Global sessions in Redis.

    `signer` is called for each use, since its keys rotate.
    """

    def __init__(
        self,
        redis: Redis,
        users: Users,
        signer: Callable[[], ChainSigner],
        lifetimes: Lifetimes,
        clock: Clock,
        limits: SessionLimits = NO_LIMITS,
    ) -> None:
        self._redis = redis
        self._users = users
        self._signer = signer
        self._lifetimes = lifetimes
        self._limits = limits
        self._clock = clock

    def visit(self, cookie: str | None) -> Visit:
        """Find the session that a cookie opens, and touch it. Raises Unavailable."""
        return self.visit_with(_VISIT, cookie)[0]

    def read_session(self, reply: Sequence[str]) -> Session:
        """Return what `session_reply` in session.lua tells of a session that is alive."""
        return read_session(reply, self._users.read_copy)

    def read_user(self, claims: str) -> User:
        """Return the user whose copy a script told."""
        return self._users.read_copy(claims)

    def visit_with(self, script: Script, cookie: str | None, more: Arguments = NOTHING) -> tuple[Visit, str]:
        """Run a script that begins like visit.lua, and does something more for a living session.

        `more` follows the six arguments of visit.lua. Returns the visit, and the first word of the reply when
        the session is alive.
        """
        token = self._read(cookie)
        if token is None:
            return Visit(Outcome.NONE if not cookie else Outcome.UNKNOWN), ""
        reply = self.with_user(script, token.shard, {**self._visit_arguments(token), **more})
        return self._read_visit(token, reply)

    def with_user(self, script: Script, shard: str, given: Arguments) -> list[Any]:
        """Run a script; when it answers `no_user`, refill that user from SQL and run it again.

        Raises Unavailable when the refilled copy is missing again at once.
        """
        for _ in range(3):
            reply: list[Any] = self._redis.run(script, shard, given)
            if reply[0] != "no_user":
                return reply
            _, _, _, sub, *_ = reply
            try:
                self._users.refill(sub)
            except NotFound:
                return ["ended", "", *reply[2:]]
        raise Unavailable(detail="the user's hash is lost as fast as it is refilled")

    def open(
        self,
        user: User,
        *,
        remember: bool,
        amr: tuple[str, ...],
        user_agent: str,
        address: str,
        previous: str | None,
        device: str | None = None,
    ) -> OpenedSession:
        """Open a session for a user who has just authenticated.

        It always makes a new chain, so that a cookie planted before the login opens nothing after it. A
        browser that was signed in as the same person (`previous`, its cookie) keeps its sid, and needs no
        room under the limit. `device` is the id of the browser's device mark. Raises Conflict when the
        account changed since the password was checked, TooManySessions when the limit allows no further
        session.
        """
        earlier = self.visit(previous).session
        same_person = earlier is not None and earlier.sub == user.sub
        shard = shard_of(user.sub)
        token = new_chain_token(shard)
        now = self._clock()
        about = About(amr, acr_of(amr), now, user_agent[:MAX_USER_AGENT], address, remember)
        life = self._lifetimes.remembered if remember else self._lifetimes.absolute
        idle = self._lifetimes.remembered if remember else self._lifetimes.idle
        opened = self._open(
            shard,
            user,
            {
                "sid": new_id(shard),
                "sub": user.sub,
                "epoch": user.epoch,
                **beginning_arguments(token),
                "idle": idle * 1000,
                "life": life * 1000,
                "about": about.to_json(),
                "earlier": earlier.sid if earlier and same_person else "",
                "address": about.address,
                "user_agent": about.user_agent,
                "device": device_mark(device),
                "device_type": device_type_of(about.user_agent),
                **self.limit_arguments(),
            },
        )
        session = Session(
            sid=opened.sid,
            sub=user.sub,
            chain_id=token.chain_id,
            stamp=opened.stamp,
            seen_at=now,
            deadline=now + life * 1000,
            about=about,
            user=user,
        )
        replaced = earlier.sid if earlier and not same_person else None
        return OpenedSession(session, self._signer().dumps(token), replaced, tuple(opened.evicted))

    def limit_arguments(self) -> dict[str, str | int]:
        """Return the arguments of session_make_room (opening.lua): limit, policy, by device type, an id."""
        limits = self._limits
        return {
            "limit": limits.per_user,
            "policy": limits.policy,
            "by_type": int(limits.is_by_device_type),
            "ending": uuid.uuid4().hex,
        }

    def _open(self, shard: str, user: User, given: Arguments) -> Any:
        for _ in range(2):
            reply: Sequence[Any] = self._redis.run(_OPEN, shard, given)
            if reply[0] == "opened":
                return _OPEN.read(reply)
            if reply[0] == "full":
                full = _OPEN.read(reply)
                raise TooManySessions(full.living, full.device_type)
            # A change may not have reached Redis yet, and a restored SQL store may have undone one.
            if reply[0] in ("no_user", "changed"):
                self._users.refill(user.sub)
        raise Conflict("The account was changed a moment ago. Please sign in again.")

    def of_user(self, sub: str) -> list[SessionView]:
        """Return the living sessions of a user, the last used first."""
        rows = self._redis.run(_LIST, shard_of(sub), {"sub": sub, "offset": 0, "count": 0, "sid": ""})[1:]
        return sorted((read_view(row) for row in rows), key=lambda view: -view.seen_at)

    def view(self, sid: str) -> SessionView | None:
        """Return one living session, None when there is none."""
        shard = shard_in(sid)
        if shard is None:
            return None
        rows = self._redis.run(_LIST, shard, {"sub": "", "offset": 0, "count": 0, "sid": sid})[1:]
        return read_view(rows[0]) if rows else None

    def count(self) -> int:
        """Return how many sessions there are, including those that expired a moment ago."""
        return sum(
            int(held) for held in self._redis.run_everywhere(_COUNT_INDEX, {"index": "deadlines"}).values()
        )

    def every(self) -> Iterator[SessionView]:
        """Yield every living session, shard by shard, a page at a time."""
        for shard in all_shards():
            offset = 0
            while True:
                looked_at, *rows = self._redis.run(
                    _LIST, shard, {"sub": "", "offset": offset, "count": _PAGE, "sid": ""}
                )
                yield from (read_view(row) for row in rows)
                if int(looked_at) < _PAGE:
                    break
                offset += _PAGE

    def steps(self, sid: str) -> list[Step]:
        """Return the last 25 uses of a session, the newest first; none when there is no such session."""
        return self.steps_of([sid])[sid]

    def steps_of(self, sids: Sequence[str]) -> dict[str, list[Step]]:
        """Return the last uses of several sessions of one user."""
        shard = shard_in(sids[0]) if sids else None
        if shard is None:
            return {sid: [] for sid in sids}
        found = self._redis.run(_LIST_STEPS, shard, {"sids": sids})
        return {sid: read_steps(reply) for sid, reply in zip(sids, found, strict=True)}

    def presence(self, *, most: int = 10) -> Presence:
        """Return how many people are here, and the `most` used clients."""
        replies = self._redis.run_everywhere(_COUNT_PRESENCE, {"hours": _USED_HOURS, "windows": WINDOWS})
        return read_presence(replies.values(), most)

    def _read(self, cookie: str | None) -> ChainToken | None:
        return self._signer().loads(cookie) if cookie else None

    def _visit_arguments(self, token: ChainToken) -> dict[str, str | int]:
        return {**presented_arguments(token), "interval": self._lifetimes.rotation * 1000}

    def _read_visit(self, token: ChainToken, reply: Sequence[str]) -> tuple[Visit, str]:
        word, nonce, *rest = reply
        if word in _FAILURES:
            return Visit(_FAILURES[word], sid=rest[0] if rest else None, reason=nonce), ""
        successor = self._signer().dumps(token.successor(nonce)) if nonce else None
        session = self.read_session(rest)
        return Visit(Outcome.ALIVE, session, successor, session.sid), word


_FAILURES = {
    outcome.value: outcome
    for outcome in (Outcome.UNKNOWN, Outcome.EXPIRED, Outcome.ENDED, Outcome.REUSE, Outcome.ROLLBACK)
}
