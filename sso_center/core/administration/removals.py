"""Remove and disable, by one path: sessions and grants end with notices, whoever asked and whatever crashes.

The first step removes it from SQL and records that, in one transaction. From there on nothing of it counts,
and each later step may be repeated: the courier finishes what a crash interrupted.
"""

from sso_center.core.audit import Audit, Tag
from sso_center.core.clients import Clients, FormerClient
from sso_center.core.cutoffs.mass_endings import MassEndings
from sso_center.core.journal.entries import Entry
from sso_center.core.reasons import Reason
from sso_center.core.users import User, Users


class Removals:
    """Removes clients and users, and disables users. Every method raises Unavailable.

    When a later step raises it, the removal has happened all the same, and the courier does the rest.
    """

    def __init__(self, users: Users, clients: Clients, mass: MassEndings, audit: Audit) -> None:
        self._users = users
        self._clients = clients
        self._mass = mass
        self._audit = audit

    def remove_client(self, client_id: str, actor: str) -> Entry:
        """Remove a client: nobody can log in there, its tokens stop counting, and it is notified of its
        sessions.

        Returns the cut-off, whose job removes the client from its sessions: run by the courier, unless the
        caller runs it. Raises NotFound.
        """
        return self._revoke(self._clients.remove(client_id, actor))

    def remove_user(self, sub: str, actor: str) -> User:
        """Remove an account and its credentials, end its sessions, and return the removed user; the audit log
        stays.

        Another person may be given the login name, and gets another `sub`. Raises NotFound.
        """
        removed = self._users.remove(sub, actor)
        self._mass.end_void(sub, Reason.REMOVED, actor)
        return removed

    def disable_user(self, sub: str, actor: str) -> User:
        """Disable an account and end at every site what the rule for that names. Raises NotFound."""
        user = self._users.set_disabled(sub, True, actor)
        self._audit.record(Tag.USER_DISABLED, sub=sub, actor=actor)
        self._mass.end_void(sub, Reason.DISABLED, actor)
        return user

    def finish(self) -> int:
        """Finish the removals that a crash interrupted, and return how many they were."""
        unfinished = self._clients.unfinished_removals()
        for former in unfinished:
            self._revoke(former)
        return len(unfinished)

    def _revoke(self, former: FormerClient) -> Entry:
        # Only now that nobody can get a new token: the next owner of this id would inherit it.
        entry = self._mass.cut_off(
            "client", former.client_id, Reason.REMOVED, former.actor, id=f"removed:{former.id}"
        )
        for user in self._users.consenting_to(former.client_id):
            self._users.withdraw_consent(user.sub, former.client_id)
        self._clients.finish_removal(former, entry.number)
        return entry
