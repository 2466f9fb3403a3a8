"""Revoke families and single tokens: refused at once, then recorded, so that no Redis can forget it."""

import json

from sso_center.base.clock import Clock
from sso_center.base.secrets import shard_in, shard_of
from sso_center.core.audit import Tag
from sso_center.core.journal import CLOCKS_DIFFER, EntryApplier, JournalWriter
from sso_center.core.reasons import CENTER, Reason
from sso_center.storage.redis import Redis, load_script

_PARTS = ("sso_center.core.chains/chain.lua", "revocation.lua")
_REVOKE = load_script(__package__, *_PARTS, "revoke.lua")
_REVOKE_OFFLINE = load_script(__package__, *_PARTS, "revoke_offline.lua")
_FIND_REVOKING = load_script(__package__, "find_revoking.lua")

UNRECORDED_KEPT = 7 * 86_400_000
"""Milliseconds that SQL may be away: a revocation is still recorded afterwards."""


class Revoker:
    """Revokes families and tokens. Step 0 counts at once, 1 records, 2 applies, 3 publishes."""

    def __init__(self, redis: Redis, journal: JournalWriter, applier: EntryApplier, clock: Clock) -> None:
        self._redis = redis
        self._journal = journal
        self._applier = applier
        self._clock = clock

    def revoke_family(
        self,
        family: str,
        *,
        sub: str,
        client_id: str,
        reason: Reason = Reason.REPLAY,
        actor: str = CENTER,
    ) -> None:
        """Revoke everything that came of one grant: its refresh token and its access tokens.

        When this raises Unavailable, they are refused already, and the courier records it.
        """
        shard = shard_in(family)
        if shard is None:
            return
        about = _about(sub, client_id, reason, actor)
        self._redis.run(_REVOKE, shard, {"id": family, "about": about, "kept": self._kept})
        self._record_family(shard, family, sub, client_id, reason, actor)

    def revoke_token(self, jti: str, *, sub: str, client_id: str, until: int, actor: str) -> None:
        """Revoke one access token that expires at `until` (ms); `sub` is '' for a client's own token.

        When this raises Unavailable, the token is refused already, and the courier records it.
        """
        shard, left = shard_in(jti), until - self._clock()
        if shard is None or left <= 0:
            return
        about = _about(sub, client_id, Reason.REVOKED, actor, until)
        self._redis.run(_REVOKE, shard, {"id": jti, "about": about, "kept": left + CLOCKS_DIFFER})
        self._record_token(shard, jti, sub, client_id, until, actor)

    def revoke_offline(self, sub: str, client_id: str, actor: str, reason: Reason = Reason.REVOKED) -> int:
        """Revoke a client's offline access to a user; return how many families that was.

        When this raises Unavailable, they are refused already, and the courier records it.
        """
        shard, about = shard_of(sub), _about(sub, client_id, reason, actor)
        families = self._redis.run(
            _REVOKE_OFFLINE, shard, {"sub": sub, "client": client_id, "about": about, "kept": self._kept}
        )
        if families:
            self._journal.write(
                kind="revocation",
                shard=shard,
                tag=Tag.OFFLINE_REVOKED,
                sub=sub,
                client_id=client_id,
                reason=reason,
                actor=actor,
                detail={"families": families},
            )
        return len(families)

    def unfinished(self, shard: str, *, before: int, limit: int) -> list[tuple[str, str]]:
        """Return (id, about) of revocations before `before` (ms) that are not recorded.

        Raises Unavailable.
        """
        found = self._redis.run(_FIND_REVOKING, shard, {"before": before, "count": limit})
        return list(zip(found[::2], found[1::2], strict=True))

    def finish(self, shard: str, id: str, about: str) -> None:
        """Record and apply a revocation that `unfinished` found. Raises Unavailable."""
        known = json.loads(about)
        sub, client_id, actor = known["sub"], known["client"], known["actor"]
        if known["until"]:
            self._record_token(shard, id, sub, client_id, known["until"], actor)
        else:
            self._record_family(shard, id, sub, client_id, Reason(known["reason"]), actor)

    def _record_family(
        self, shard: str, family: str, sub: str, client_id: str, reason: Reason, actor: str
    ) -> None:
        self._journal.write(
            id=f"family:{family}",
            kind="revocation",
            shard=shard,
            tag=Tag.FAMILY_REVOKED,
            sub=sub or None,
            client_id=client_id,
            reason=reason,
            actor=actor,
            detail={"families": [family]},
        )

    def _record_token(self, shard: str, jti: str, sub: str, client_id: str, until: int, actor: str) -> None:
        self._journal.write(
            id=f"token:{jti}",
            kind="revocation",
            shard=shard,
            tag=Tag.TOKEN_REVOKED,
            sub=sub or None,
            client_id=client_id,
            reason=Reason.REVOKED,
            actor=actor,
            detail={"denied": jti, "until": until},
        )

    @property
    def _kept(self) -> int:
        return max(UNRECORDED_KEPT, self._applier.outlives)


def _about(sub: str, client_id: str, reason: Reason, actor: str, until: int = 0) -> str:
    fields = {"sub": sub, "client": client_id, "reason": reason, "actor": actor, "until": until}
    return json.dumps(fields, separators=(",", ":"))
