"""/admin/end: the mass logout of a person, a site, everybody with a role, or everybody."""

from typing import cast

from flask import Blueprint, Response, abort, request

from sso_center.base.errors import Invalid, NotFound
from sso_center.core.cutoffs import LOOKED_AT, Scope
from sso_center.core.sessions import Session
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed
from sso_center.ui.admin.endings.words import scope_in_words
from sso_center.ui.admin.gate import acting, admin
from sso_center.ui.admin.lookup import sub_called
from sso_center.web.language import gettext, lazy_gettext
from sso_center.web.pages import go, render

SCOPES = ("user", "client", "role", "everyone")
UNKNOWN = {
    "user": lazy_gettext("There is nobody of this name."),
    "client": lazy_gettext("There is no such site."),
    "role": lazy_gettext("That is not a role."),
}


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the choice of a scope, its question and its deed."""

    @routes.get("/end")
    def end() -> Response:
        return _choose(services)

    @routes.route("/end/<scope>", methods=["GET", "POST"])
    def end_scope(scope: str) -> Response:
        if scope not in SCOPES:
            abort(404)
        chosen = cast(Scope, scope)
        typed = request.values.get("name", "").strip()
        name = _named(services, chosen, typed)
        try:
            return _end(services, chosen, name) if is_confirmed() else _ask(services, chosen, name)
        except (Invalid, NotFound):
            return _choose(services, 404, problem=UNKNOWN[scope], wrong=scope, typed=typed)


def _choose(services: Services, status: int = 200, **context: object) -> Response:
    return render("admin/end.html", status, clients=services.clients.list(), **context)


def _named(services: Services, scope: Scope, typed: str) -> str:
    """Return what core calls that which was typed, as far as it is known."""
    return sub_called(services, typed) or typed if scope == "user" else typed


def _ask(services: Services, scope: Scope, name: str) -> Response:
    return ask(
        Question(
            title=gettext("Sign out: %(whom)s?", whom=scope_in_words(services, scope, name)),
            text=gettext(
                "They are in that site no more. They stay signed in at the center and at the other sites."
            )
            if scope == "client"
            else gettext("They are out at once, here and at every site, and have to sign in again."),
            reach=services.administration.endings.reach(scope, name, most=LOOKED_AT),
            warning=_warning(admin(), scope, name),
            button=gettext("Sign out"),
            back="/admin/end",
        )
    )


def _warning(me: Session, scope: Scope, name: str) -> str:
    is_me = (
        scope == "everyone"
        or (scope == "user" and name == me.sub)
        or (scope == "role" and me.user.has_role(name))
    )
    return gettext("You are among them: you will be signed out too.") if is_me else ""


def _end(services: Services, scope: Scope, name: str) -> Response:
    entry = services.administration.endings.end_many(acting(), scope, name)
    return go(f"/admin/endings/{entry.number}")
