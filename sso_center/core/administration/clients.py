"""What admins do to the registered clients."""

from typing import Any

from sso_center.base.actor import Actor
from sso_center.core.administration.audited import audited
from sso_center.core.audit import Audit, Change, Tag
from sso_center.core.clients import Client, Clients, FormerClient
from sso_center.core.cutoffs import MassEndings
from sso_center.core.journal.entries import Entry
from sso_center.core.notices import NoticeSender, Receipt
from sso_center.core.reasons import Reason
from sso_center.core.users import Users


class ClientAdministration:
    """The acts. Each raises Unavailable; when a later step than the commit raises it, the change has happened
    all the same, and the courier does the rest."""

    def __init__(
        self, clients: Clients, users: Users, mass: MassEndings, sender: NoticeSender, audit: Audit
    ) -> None:
        self._clients = clients
        self._users = users
        self._mass = mass
        self._sender = sender
        self._audit = audit

    def register(self, actor: Actor, client_id: str, **settings: Any) -> tuple[Client, str | None]:
        """Register a client; returns it and its secret (None for a public one), which is not kept.

        `settings` are the fields of Registration. Raises Conflict, Invalid naming the field.
        """
        return self._clients.add(client_id, **settings, also=audited(Tag.CLIENT_ADDED, actor, audit_detail))

    def change(self, actor: Actor, client_id: str, **settings: Any) -> Client:
        """Change the given settings of a client, at once. Raises NotFound, Invalid naming the field."""
        return self._clients.update(
            client_id, **settings, also=audited(Tag.CLIENT_CHANGED, actor, audit_detail)
        )

    def rotate_secret(self, actor: Actor, client_id: str) -> str:
        """Give a client another secret and return it; the old one is refused at once.

        Raises NotFound, Invalid for a public one.
        """
        return self._clients.rotate_secret(
            client_id, also=audited(Tag.CLIENT_SECRET_ROTATED, actor, audit_detail)
        )

    def remove(self, actor: Actor, client_id: str) -> Entry:
        """Remove a client: nobody can log in there, its tokens stop counting, and it is notified of its
        sessions.

        The first step deletes it from SQL and records that, in one transaction; each later step may be
        repeated. Returns the cut-off, whose job removes the client from its sessions: run by the courier,
        unless the caller runs it. Raises NotFound.
        """
        also = audited(Tag.CLIENT_REMOVED, actor, audit_detail)
        return self._revoke(self._clients.remove(client_id, actor.id, also=also))

    def finish_removals(self) -> int:
        """Finish the removals that somebody died in the middle of, and return how many they were."""
        unfinished = self._clients.unfinished_removals()
        for former in unfinished:
            self._revoke(former)
        return len(unfinished)

    def try_logout(self, actor: Actor, client_id: str) -> Receipt:
        """Send a client a logout token that ends nothing, and return what came of it. Raises NotFound."""
        receipt = self._sender.probe(self._clients.get(client_id))
        detail = {"confirmed": receipt.is_confirmed, "took_ms": receipt.took, "error": receipt.error}
        self._audit.record(Tag.CLIENT_TRIED, actor, client_id=client_id, detail=detail)
        return receipt

    def _revoke(self, former: FormerClient) -> Entry:
        # Only now that nobody can get anything more: it would count again for who has this id next.
        entry = self._mass.cut_off(
            "client", former.client_id, Reason.REMOVED, former.actor, id=f"removed:{former.id}"
        )
        for user in self._users.consenting_to(former.client_id):
            self._users.withdraw_consent(user.sub, former.client_id)
        self._clients.finish_removal(former, entry.number)
        return entry


def audit_detail(change: Change[Client]) -> dict[str, Any]:
    """Return what the audit log says of a change of a client: which one, and which settings it changed."""
    before, after = change.before, change.after
    client = after or before
    assert client is not None
    changed = [
        name
        for name, value in vars(before or client).items()
        if value != getattr(after or client, name) and name != "version"
    ]
    return {"client_id": client.client_id, "detail": {"changed": sorted(changed)} if changed else {}}
