"""OpenID Connect Front-Channel Logout 1.0: asking sites to sign out through the browser that signs out.

It is for sites that can't be told otherwise. Nobody learns whether they heard it, so that their receipt says
`shown`; and where a browser keeps cookies from frames of other sites, the site can't tell whose logout it is.
Back-channel logout is the one to rely on.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sso_center.base.urls import origin_of, with_query
from sso_center.core.clients.protocol_settings import OIDC
from sso_center.core.notices import NewNotice
from sso_center.services import Services
from sso_center.web import headers


@dataclass(frozen=True)
class EndedSession:
    """What has ended: which entry of the journal says so, whose session it was, which clients were in it."""

    number: int
    sid: str
    sub: str
    client_ids: Collection[str]


def show(services: Services, leaving: EndedSession | None) -> list[str]:
    """Return the addresses that the page answering this request is to load, unseen, and note them as shown.

    Raises Unavailable.
    """
    found = {} if leaving is None else _addresses(services, leaving)
    if leaving is not None and found:
        shown = [NewNotice(client_id, leaving.sid, leaving.sub, OIDC) for client_id in found]
        services.outbox.note_shown(leaving.number, shown, services.clock())
        headers.let_frames_show({origin_of(address) for address in found.values()})
    return list(found.values())


def _addresses(services: Services, leaving: EndedSession) -> dict[str, str]:
    known = [services.clients.find(client_id) for client_id in leaving.client_ids]
    about = {"iss": services.settings.issuer, "sid": leaving.sid}
    return {
        client.client_id: with_query(
            client.frontchannel_logout_uri, **(about if client.frontchannel_logout_session_required else {})
        )
        for client in known
        if client is not None and client.frontchannel_logout_uri
    }
