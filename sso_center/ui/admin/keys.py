"""/admin/keys: what the center signs with, and letting the next keys sign."""

from flask import Blueprint, Response, flash, request

from sso_center.core.keys import PURPOSES, State, StoredKey
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed
from sso_center.ui.admin.gate import acting
from sso_center.web.language import gettext
from sso_center.web.pages import go, render

ORDER = (State.ACTIVE, State.NEXT, State.RETIRED)


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the list, the question and its deed."""

    @routes.get("/keys")
    def keys() -> Response:
        stored = services.keys.stored()
        return render("admin/keys.html", families=[(purpose, _of(purpose, stored)) for purpose in PURPOSES])

    @routes.route("/keys/rotate", methods=["GET", "POST"])
    def rotate_keys() -> Response:
        asked = request.values.get("purpose", "")
        purpose = asked if asked in PURPOSES else None
        return _rotate(services, purpose) if is_confirmed() else _ask(purpose)


def _of(purpose: str, stored: list[StoredKey]) -> list[StoredKey]:
    mine = [key for key in stored if key.purpose == purpose]
    return sorted(mine, key=lambda key: (ORDER.index(key.state), -(key.retired_at or 0)))


def _ask(purpose: str | None) -> Response:
    return ask(
        Question(
            title=gettext("Let the next keys sign?")
            if purpose is None
            else gettext("Let the next key of %(purpose)s sign?", purpose=purpose),
            text=gettext(
                "The present ones go on verifying what they signed. Nobody is signed out; sites know the "
                "next ones already."
            ),
            button=gettext("Rotate"),
            back="/admin/keys",
            is_grave=False,
        )
    )


def _rotate(services: Services, purpose: str | None) -> Response:
    services.administration.keys.rotate(acting(), purpose)
    flash(gettext("The next keys sign now."), "good")
    return go("/admin/keys")
