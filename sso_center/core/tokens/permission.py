"""Whether a client may still act for a person, by its registration and by the person's consent."""

from sso_center.core.clients import Client
from sso_center.core.users import User


def may_act_for(client: Client, user: User, sid: str) -> bool:
    """Say whether a client may act for a person in the session `sid`, or without a session when it is ''.

    A third party needs the person's consent, whenever it became one: without consent none of its tokens
    counts.
    """
    is_allowed = not client.is_third_party or user.consent_to(client.client_id) is not None
    return is_allowed and client.may_stay(sid)
