"""Removing and disabling, by the one path: what was held ends with notices, whoever asked and whatever dies.

What is removed is gone from SQL first, in one transaction with the record of it. From there on nothing of it
counts, and each later step may be repeated: the courier finishes what somebody died in the middle of.
"""

from sso_center.core.audit import Audit, Tag
from sso_center.core.clients import Clients, FormerClient
from sso_center.core.cutoffs.mass_endings import MassEndings
from sso_center.core.journal.entries import Entry
from sso_center.core.reasons import Reason
from sso_center.core.users import User, Users


class Removals:
    """Removes clients and users, and disables users. Every method raises Unavailable.

    When that is raised by something other than the first step, it has happened all the same, and the courier
    does the rest.
    """

    def __init__(self, users: Users, clients: Clients, mass: MassEndings, audit: Audit) -> None:
        self._users = users
        self._clients = clients
        self._mass = mass
        self._audit = audit

    def remove_client(self, client_id: str, actor: str) -> Entry:
        """Remove a client: nobody can log in there, nothing it was given counts, its sessions are told to it.

        Returns the cut-off, whose walk takes the client out of the sessions that it joined: the courier's,
        unless the caller does it. Raises NotFound.
        """
        return self._revoke(self._clients.remove(client_id, actor))

    def remove_user(self, sub: str, actor: str) -> User:
        """Remove an account and its credentials, end all it had, and return what it was; the audit log stays.

        Another person may be given the login name, and gets another `sub`. Raises NotFound.
        """
        removed = self._users.remove(sub, actor)
        self._mass.end_void(sub, Reason.REMOVED, actor)
        return removed

    def disable_user(self, sub: str, actor: str) -> User:
        """Disable an account and end what the rule for that names, at every site. Raises NotFound."""
        user = self._users.set_disabled(sub, True, actor)
        self._audit.record(Tag.USER_DISABLED, sub=sub, actor=actor)
        self._mass.end_void(sub, Reason.DISABLED, actor)
        return user

    def finish(self) -> int:
        """Finish the removals that somebody died in the middle of, and return how many they were."""
        unfinished = self._clients.unfinished_removals()
        for former in unfinished:
            self._revoke(former)
        return len(unfinished)

    def _revoke(self, former: FormerClient) -> Entry:
        # Only now that nobody can get anything more: it would count again for who has this id next.
        entry = self._mass.cut_off(
            "client", former.client_id, Reason.REMOVED, former.actor, id=f"removed:{former.id}"
        )
        for user in self._users.consenting_to(former.client_id):
            self._users.withdraw_consent(user.sub, former.client_id)
        self._clients.finish_removal(former, entry.number)
        return entry
