"""The probe of a site's logout address, before anybody depends on it."""

from sso_center.base.secrets import new_id, shard_of
from sso_center.core.clients import Clients
from sso_center.core.notices.sender import NoticeSender, Receipt


class LogoutProbe:
    """Sends logout tokens that end nothing."""

    def __init__(self, clients: Clients, sender: NoticeSender) -> None:
        self._clients = clients
        self._sender = sender

    def probe(self, client_id: str) -> Receipt:
        """Post a real logout token that names a person and a session that never existed, and return the
        receipt.

        A site that checks tokens properly accepts it and finds nothing to end. Takes ten seconds at most.
        Raises NotFound, Unavailable.
        """
        nobody = "u" + new_id(shard_of(client_id))
        return self._sender.send(self._clients.get(client_id), sub=nobody, sid=new_id(shard_of(nobody)))
