"""Grants that nobody gave yet: a client asks for one, a person says yes or no elsewhere, and until then the
client asks again (as the device authorization grant does, RFC 8628)."""

from dataclasses import dataclass, replace

from sso_center.base.secrets import hashed, new_id, new_secret, shard_in, shard_of
from sso_center.core.grants.grants import GRANT_PARTS, GrantRefused, GrantRequest, Grants, Issued
from sso_center.storage.redis import Redis, load_script

_PARTS = (*GRANT_PARTS, "pending.lua")
_BEGIN = load_script(__package__, *_PARTS, "begin_pending.lua")
_FIND = load_script(__package__, *_PARTS, "find_pending.lua")
_ANSWER = load_script(__package__, *_PARTS, "answer_pending.lua")

NO_ADDRESS = "-"
"""The redirect address of a grant with which no browser comes back."""


class GrantPending(GrantRefused):
    """Nobody has answered yet."""

    def __init__(self) -> None:
        super().__init__("pending")


@dataclass(frozen=True)
class PendingGrant:
    """What a person is asked about. `shard` and `code_hash` find it, and prove nothing.

    `state` is pending, approving, approved, denied or expired; `approver` is the shard in which the grant
    stands once it is approved.
    """

    shard: str
    code_hash: str
    client_id: str
    scope: tuple[str, ...]
    state: str
    approver: str


class PendingGrants:
    """Begins pending grants, has them answered, and finds out about them. `kept` is in seconds."""

    def __init__(self, redis: Redis, grants: Grants, *, kept: int) -> None:
        self._redis = redis
        self._grants = grants
        self._kept = kept

    def begin(self, client_id: str, scope: tuple[str, ...], *, life: int) -> str:
        """Return the code that the client presents until somebody answers, within `life` seconds."""
        code = new_secret(shard_of(client_id))
        self._redis.run(
            _BEGIN,
            code[:2],
            {
                "code": hashed(code),
                "client": client_id,
                "scope": " ".join(scope),
                "life": life * 1000,
                "kept": self._kept * 1000,
            },
        )
        return code

    def find(self, shard: str, code_hash: str) -> PendingGrant:
        """Return a pending grant and what became of it. Raises GrantRefused when there is none."""
        reply = self._redis.run(_FIND, shard, {"code": code_hash})
        if reply[0] != "found":
            raise GrantRefused("unknown")
        found = _FIND.read(reply)
        scope = tuple(found.scope.split())
        return PendingGrant(shard, code_hash, found.client, scope, _word(found.state), found.shard)

    def find_presented(self, code: str, client_id: str) -> PendingGrant:
        """Return the approved grant of the client that presents the code of one.

        Raises GrantPending while nobody answered, and GrantRefused when there will be none.
        """
        shard = shard_in(code)
        if shard is None:
            raise GrantRefused("malformed")
        found = self.find(shard, hashed(code))
        if found.client_id != client_id:
            raise GrantRefused("wrong_client")
        if found.state in ("pending", "approving"):
            raise GrantPending
        if found.state != "approved":
            raise GrantRefused(found.state)
        return found

    def approve(self, pending: PendingGrant, cookie: str | None, request: GrantRequest) -> Issued:
        """Give the client its grant, in the session that the cookie opens.

        `request` says what is demanded of the session, as at /authorize; client and scope are those of
        `pending`. Raises GrantRefused when somebody answered before, or too late.

        The answer is won before anything is issued, so that a second one can neither replace the grant nor
        join the client to another session. Whoever dies in between leaves a code that expires.
        """
        mine = f"approving:{new_id(pending.shard)}"
        self._answer(pending, "pending", mine)
        asked = replace(request, client_id=pending.client_id, scope=pending.scope, redirect_uri=NO_ADDRESS)
        issued = self._grants.issue(cookie, asked, code_hash=pending.code_hash)
        if issued.code is not None and issued.visit.session is not None:
            self._answer(pending, mine, "approved", shard_of(issued.visit.session.sub))
        else:
            self._answer(pending, mine, "pending")
        return issued

    def deny(self, pending: PendingGrant) -> None:
        """Refuse the client its grant. Raises GrantRefused when somebody answered before."""
        self._answer(pending, "pending", "denied")

    def _answer(self, pending: PendingGrant, before: str, answer: str, shard: str = "") -> None:
        given = {"code": pending.code_hash, "from": before, "answer": answer, "shard": shard}
        state = self._redis.run(_ANSWER, pending.shard, given)
        if state != before:
            raise GrantRefused(_word(state))


def _word(state: str) -> str:
    """Return a state without the nonce of who is about to approve."""
    return state.partition(":")[0]
