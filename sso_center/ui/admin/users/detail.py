"""/admin/users/<sub>: a person, where they are signed in, and what happened lately."""

from flask import Blueprint, Response

from sso_center.core.audit import Tag
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui.account.alerts import last_copy_of
from sso_center.ui.admin.gate import admin
from sso_center.web.pages import render
from sso_center.web.profile_words import label_of, value_in_words

SHOWN_EVENTS = 10


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the page of one person."""

    @routes.get("/users/<sub>")
    def user(sub: str) -> Response:
        person = services.users.get(sub)
        return render(
            "admin/user.html",
            user=person,
            known=_known(services, person),
            sessions=services.sessions.of_user(sub),
            copied_at=last_copy_of(services, sub),
            disowned_at=_last_disowned(services, sub),
            events=services.audit.latest(SHOWN_EVENTS, sub=sub),
            is_me=admin().sub == sub,
        )


def _known(services: Services, person: User) -> list[tuple[str, str]]:
    """Return label and value of what is known of the person; the name and the address stand above it."""
    fields = services.settings.profile.stored.values()
    told = [one for one in fields if person.profile.get(one.name) and one.name not in ("name", "email")]
    return [(label_of(one), value_in_words(one, person.profile)) for one in told]


def _last_disowned(services: Services, sub: str) -> int | None:
    """Return when (ms) the person last said of a session that it was not theirs."""
    said = services.audit.latest(1, sub=sub, tag=Tag.SESSION_DISOWNED)
    return said[0].at if said else None
