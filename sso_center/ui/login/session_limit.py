"""The page for a person whom the limit on sessions refuses: where they are signed in, and what to do."""

from dataclasses import dataclass

from flask import Response

from sso_center.core.sessions import SessionView, TooManySessions
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui.devices import device_of
from sso_center.ui.login.destination import Destination
from sso_center.web.language import ago
from sso_center.web.pages import render


@dataclass(frozen=True)
class SignedInDevice:
    """One device that the person is signed in on."""

    label: str
    address: str
    seen: str


def show(services: Services, user: User, refused: TooManySessions, destination: Destination) -> Response:
    """Return the page for a person who has authenticated: nobody else learns of their devices."""
    now = services.clock()
    places = [
        SignedInDevice(_label(services, view), view.address, ago(now - view.seen_at))
        for view in services.sessions.of_user(user.sub)
        if refused.device_type in ("", view.device_type)
    ]
    return render(
        "too_many_sessions.html",
        409,
        count=refused.living,
        is_by_type=bool(refused.device_type),
        places=places,
        destination=destination,
    )


def _label(services: Services, view: SessionView) -> str:
    # What an app calls itself is the name of some library: people know it by the client's.
    if view.kind == "app" and view.client_ids:
        client = services.clients.find(view.client_ids[0])
        return client.name if client else view.client_ids[0]
    return device_of(view.user_agent).label
