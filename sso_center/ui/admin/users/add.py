"""/admin/users/new: a new person, with a password that they must change at their first sign-in."""

from flask import Blueprint, Response

from sso_center.base.errors import Conflict, Invalid
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed, is_sent
from sso_center.ui.admin.gate import acting
from sso_center.ui.admin.users.form import UserFormData, differences, explain, read_form, show_form
from sso_center.ui.admin.users.password import new_password, show_password
from sso_center.web.language import gettext


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the form, its question and its deed."""
    table = services.settings.profile

    @routes.route("/users/new", methods=["GET", "POST"])
    def add_user() -> Response:
        if not is_sent():
            return show_form(table, None)
        try:
            typed = read_form(table)
            _check_is_free(services, typed)
            return _add(services, typed) if is_confirmed() else _ask(services, typed)
        except (Invalid, Conflict) as refused:
            wrong = getattr(refused, "field", "username")
            return show_form(table, None, 400, problem=explain(refused), wrong=wrong)


def _check_is_free(services: Services, typed: UserFormData) -> None:
    if services.users.find(typed.username) is not None:
        raise Conflict(gettext("This user name is taken."))


def _ask(services: Services, typed: UserFormData) -> Response:
    found = differences(services.settings.profile, None, typed)
    return ask(
        Question(
            title=gettext("Add %(name)s?", name=typed.username),
            text=gettext("You will see a password once. It has to be changed at the first sign-in."),
            facts=[(label, new) for label, _, new in found],
            warning=_warning(services, typed),
            button=gettext("Add"),
            back="/admin/users",
            is_grave=False,
        )
    )


def _warning(services: Services, typed: UserFormData) -> str:
    if services.settings.admin_role not in typed.roles:
        return ""
    return gettext("With this role a person can do everything that you can do here.")


def _add(services: Services, typed: UserFormData) -> Response:
    password = new_password()
    account = {**vars(typed), "password": password, "must_change": True}
    user = services.administration.users.add(acting(), **account)
    return show_password(user, password, gettext("%(name)s is added", name=user.username))
