"""/admin/users/<sub>/edit: names, profile and roles."""

from flask import Blueprint, Response, flash

from sso_center.base.errors import Conflict, Invalid
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed, is_sent
from sso_center.ui.admin.gate import acting
from sso_center.ui.admin.users.form import UserFormData, differences, explain, read_form, show_form
from sso_center.ui.admin.users.self_lockout import not_oneself
from sso_center.web.language import gettext
from sso_center.web.pages import go


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the form, its question and its deed."""
    table = services.settings.profile

    @routes.route("/users/<sub>/edit", methods=["GET", "POST"])
    def edit_user(sub: str) -> Response:
        user = services.users.get(sub)
        if not is_sent():
            return show_form(table, user)
        try:
            typed = read_form(table, user)
            _check(services, user, typed)
            return _change(services, user, typed) if is_confirmed() else _ask(services, user, typed)
        except (Invalid, Conflict) as refused:
            wrong = getattr(refused, "field", "username")
            return show_form(table, user, 400, problem=explain(refused), wrong=wrong)


def _check(services: Services, user: User, typed: UserFormData) -> None:
    holder = services.users.find(typed.username)
    if holder is not None and holder.sub != user.sub:
        raise Conflict(gettext("This user name is taken."))
    if services.settings.admin_role in _lost(user, typed):
        not_oneself(user.sub)


def _ask(services: Services, user: User, typed: UserFormData) -> Response:
    changed = [
        (label, gettext("%(before)s → %(after)s", before=before, after=after))
        for label, before, after in differences(services.settings.profile, user, typed)
    ]
    if not changed:
        flash(gettext("Nothing is different from before."), "good")
        return go(f"/admin/users/{user.sub}")
    ends = bool(_lost(user, typed)) and "sessions" in services.settings.on_role_lost
    return ask(
        Question(
            title=gettext("Change %(name)s?", name=user.username),
            text=gettext("It counts from their next request on, here and at every site that asks."),
            facts=changed,
            reach=services.mass_endings.reach("user", user.sub) if ends else None,
            warning=_warning(services, user, typed),
            button=gettext("Change"),
            back=f"/admin/users/{user.sub}",
            is_grave=ends,
        )
    )


def _warning(services: Services, user: User, typed: UserFormData) -> str:
    if services.settings.admin_role not in set(typed.roles) - set(user.roles):
        return ""
    return gettext("With this role a person can do everything that you can do here.")


def _change(services: Services, user: User, typed: UserFormData) -> Response:
    services.administration.users.change(acting(), user.sub, **vars(typed))
    flash(gettext("%(name)s is changed.", name=typed.username), "good")
    return go(f"/admin/users/{user.sub}")


def _lost(user: User, typed: UserFormData) -> set[str]:
    return set(user.roles) - set(typed.roles)
