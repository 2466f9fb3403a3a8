"""/admin/users/new: a new person, with a password that they must change at their first sign-in."""

from flask import Blueprint, Response, request

from sso_center.base.errors import Conflict, Invalid
from sso_center.core.audit import Tag
from sso_center.services import Services
from sso_center.ui import trail
from sso_center.ui.admin.asking import Question, ask, is_confirmed, is_sent
from sso_center.ui.admin.gate import admin
from sso_center.ui.admin.users.form import Typed, as_typed, explain, read_form
from sso_center.ui.admin.users.password import new_password, show_password
from sso_center.web.language import gettext
from sso_center.web.pages import render

NOBODY = Typed("", "", "", ())


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the form, its question and its deed."""

    @routes.route("/users/new", methods=["GET", "POST"])
    def add_user() -> Response:
        if not is_sent():
            return _form()
        try:
            typed = read_form()
            _check_is_free(services, typed)
            return _add(services, typed) if is_confirmed() else _ask(services, typed)
        except (Invalid, Conflict) as refused:
            return _form(400, problem=explain(refused), wrong=getattr(refused, "field", "username"))


def _form(status: int = 200, **context: object) -> Response:
    return render(
        "admin/user_form.html", status, values=as_typed(NOBODY), action=request.path, user=None, **context
    )


def _check_is_free(services: Services, typed: Typed) -> None:
    if services.users.find(typed.username) is not None:
        raise Conflict(gettext("This user name is taken."))


def _ask(services: Services, typed: Typed) -> Response:
    facts = [
        (gettext("User name"), typed.username),
        (gettext("Name"), typed.name or typed.username),
        (gettext("E-mail address"), typed.email or gettext("none")),
        (gettext("Roles"), gettext(", ").join(typed.roles) or gettext("none")),
    ]
    return ask(
        Question(
            title=gettext("Add %(name)s?", name=typed.username),
            text=gettext("You will see a password once. It has to be changed at the first sign-in."),
            facts=facts,
            warning=_warning(services, typed),
            button=gettext("Add"),
            back="/admin/users",
            is_grave=False,
        )
    )


def _warning(services: Services, typed: Typed) -> str:
    if services.settings.admin_role not in typed.roles:
        return ""
    return gettext("With this role a person can do everything that you can do here.")


def _add(services: Services, typed: Typed) -> Response:
    password = new_password()
    user = services.users.add(
        typed.username,
        profile={"name": typed.name, "email": typed.email},
        roles=typed.roles,
        password=password,
        must_change=True,
    )
    trail.record(
        services, Tag.USER_ADDED, sub=user.sub, actor=admin().sub, detail={"roles": list(user.roles)}
    )
    return show_password(user, password, gettext("%(name)s is added", name=user.username))
