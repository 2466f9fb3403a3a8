"""The console's format of instants, people, sites and actors."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from flask import request

from sso_center.base.errors import NotFound
from sso_center.services import Services
from sso_center.ui.devices import device_of
from sso_center.web.language import ago, gettext, number


def for_templates(services: Services) -> dict[str, object]:
    """Return what the templates of the console call for one page; names are looked up once a page."""
    now = services.clock()
    person = cache(lambda sub: person_called(services, sub))
    return {
        "section": request.path.removeprefix("/admin").strip("/").partition("/")[0] or "overview",
        "ago_at": lambda at: ago(now - at),
        "instant": instant,
        "moment": moment,
        "number": number,
        "person": person,
        "site": lambda client_id: site_called(services, client_id),
        "actor": lambda actor: _actor(services, actor, person),
        "device": lambda user_agent: device_of(user_agent).label,
    }


def instant(milliseconds: int) -> str:
    """Return an instant as HTML's `time` wants it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")


def moment(milliseconds: int) -> str:
    """Return an instant as admins compare it with logs, to the second."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def person_called(services: Services, sub: str) -> str:
    """Return the login name of a person; a removed one is called by the id. Raises Unavailable."""
    try:
        return services.users.get(sub).username
    except NotFound:
        return sub


def site_called(services: Services, client_id: str) -> str:
    """Return the name of a site; a removed one is called by its id. Raises Unavailable."""
    client = services.clients.find(client_id)
    return client.name if client else client_id


def _actor(services: Services, actor: str, person: Callable[[str], str]) -> str:
    if actor in ("", "center"):
        return gettext("the center")
    if actor == "cli":
        return gettext("command line")
    kind, _, client_id = actor.partition(":")
    return site_called(services, client_id) if kind == "client" and client_id else person(actor)
