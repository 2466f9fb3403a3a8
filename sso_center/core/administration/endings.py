"""What admins end: one session, or all of a user, a client, a role or everyone; and notifying again."""

from sso_center.base.actor import Actor
from sso_center.base.errors import Invalid, NotFound
from sso_center.core.clients import Clients
from sso_center.core.cutoffs import MassEndings, Reach, Scope
from sso_center.core.endings import Endings
from sso_center.core.journal import Ending, Entry
from sso_center.core.notices import Receipts
from sso_center.core.reasons import Reason
from sso_center.core.users import Users, check_roles


class EndingAdministration:
    """The acts. Each raises Unavailable; what is closed by then stays closed, and the courier records it."""

    def __init__(
        self, users: Users, clients: Clients, endings: Endings, mass: MassEndings, receipts: Receipts
    ) -> None:
        self._users = users
        self._clients = clients
        self._endings = endings
        self._mass = mass
        self._receipts = receipts

    def end_session(self, actor: Actor, sid: str) -> Ending:
        """End one session, at the center and at every site that joined it. Raises NotFound."""
        ending = self._endings.end_session(sid, Reason.ADMIN, actor.id, origin=actor.origin)
        if ending is None:
            raise NotFound(f"There is no session {sid!r} (any more).")
        return ending

    def end_many(self, actor: Actor, scope: Scope, name: str) -> Entry:
        """Void everything issued to `scope` so far, and return the cut-off.

        The job of the cut-off ends its sessions: run by the courier, unless the caller runs it. Raises
        NotFound, Invalid.
        """
        named = self._named(scope, name)
        return self._mass.cut_off(scope, named, Reason.ADMIN, actor.id, origin=actor.origin)

    def reach(self, scope: Scope, name: str, *, most: int | None = None) -> Reach:
        """Count what `end_many` would end, changing nothing; see MassEndings. Raises NotFound, Invalid."""
        return self._mass.reach(scope, self._named(scope, name), most=most)

    def deliver_again(
        self, actor: Actor, number: int, *, client_id: str | None = None, is_confirmed_too: bool = False
    ) -> int:
        """Notify the clients again that have not confirmed an ending, and return how many notices that is.

        Raises NotFound.
        """
        return self._receipts.deliver_again(
            number, client_id=client_id, actor=actor, is_confirmed_too=is_confirmed_too
        )

    def _named(self, scope: Scope, name: str) -> str:
        """Return the name of a user, client or role that there is, '' for everyone.

        Raises NotFound, Invalid.
        """
        if scope == "everyone" and name:
            raise Invalid("For everyone no name is given.", field="name")
        if scope != "everyone" and not name:
            raise Invalid("name is missing.", field="name")
        if scope == "user":
            return self._users.get(name).sub
        if scope == "client":
            return self._clients.get(name).client_id
        return _role(name) if name else ""


def _role(name: str) -> str:
    try:
        return check_roles([name])[0]
    except Invalid as bad:
        raise Invalid(bad.message, field="name") from bad
