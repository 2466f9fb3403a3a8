"""Asking what a token stands for, and doing at once what a copied one calls for."""

from sso_center.core.clients import Client
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.tokens import ActiveToken, ReusedApp
from sso_center.services import Services


def find_active(services: Services, token: str, *, asker: Client | None = None) -> ActiveToken | None:
    """Return what a token stands for, or None when it does not count (any more).

    `asker` is the client to which the token was presented, when it hands on the successor of an app token.

    An app token that was replaced long ago shows that two copies are in use: its session ends, since which of
    them is the thief can't be told. Raises Unavailable.
    """
    try:
        return services.tokens.find_active(token, asker=asker)
    except ReusedApp as copied:
        services.endings.end_session(copied.sid, Reason.REUSE, CENTER)
        return None
