"""What these pages put into the audit log: who did it comes from the request, what was done from the page."""

from typing import Any

from flask import request

from sso_center.core.audit import Tag
from sso_center.core.sessions import MAX_USER_AGENT
from sso_center.services import Services
from sso_center.web.address import client_address
from sso_center.web.logging import request_id


def record(
    services: Services,
    tag: Tag,
    *,
    sub: str = "",
    sid: str | None = None,
    client_id: str | None = None,
    actor: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Remember that the person at this browser did something, to their own account unless `actor` says who.

    What was typed is never part of it: people now and then type their password where their name belongs.
    Raises Unavailable.
    """
    services.audit.record(
        tag,
        sub=sub or None,
        sid=sid,
        client_id=client_id,
        actor=sub if actor is None else actor,
        address=client_address(),
        user_agent=request.headers.get("User-Agent", "")[:MAX_USER_AGENT],
        request_id=request_id.get(),
        detail=detail,
    )
