"""The audit context of a page's request: who acts, and from where."""

from typing import Any

from flask import request

from sso_center.base.actor import Actor, Origin
from sso_center.core.audit import Tag
from sso_center.core.sessions import MAX_USER_AGENT
from sso_center.services import Services
from sso_center.web.address import client_address
from sso_center.web.logging import request_id


def actor(sub: str) -> Actor:
    """Return the person at this browser, as whoever asks for a change."""
    user_agent = request.headers.get("User-Agent", "")[:MAX_USER_AGENT]
    return Actor(sub, Origin(client_address(), user_agent, request_id.get()))


def record(
    services: Services,
    tag: Tag,
    *,
    sub: str = "",
    sid: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Remember that the person at this browser did something that changes nothing in SQL.

    What was typed is never part of it: people now and then type their password where their name belongs.
    Raises Unavailable.
    """
    services.audit.record(tag, actor(sub), sub=sub or None, sid=sid, detail=detail)
