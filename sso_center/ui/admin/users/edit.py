"""/admin/users/<sub>/edit: names, e-mail address and roles."""

from flask import Blueprint, Response, flash, request

from sso_center.base.errors import Conflict, Invalid
from sso_center.core.audit import Tag
from sso_center.core.endings import Reason
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui import trail
from sso_center.ui.admin.asking import Question, ask, is_confirmed, is_sent
from sso_center.ui.admin.gate import admin
from sso_center.ui.admin.users.form import FIELDS, Typed, as_typed, explain, read_form
from sso_center.ui.admin.users.oneself import not_oneself
from sso_center.web.language import gettext
from sso_center.web.pages import go, render


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the form, its question and its deed."""

    @routes.route("/users/<sub>/edit", methods=["GET", "POST"])
    def edit_user(sub: str) -> Response:
        user = services.users.get(sub)
        if not is_sent():
            return _form(user)
        try:
            typed = read_form()
            _check(services, user, typed)
            return _change(services, user, typed) if is_confirmed() else _ask(services, user, typed)
        except (Invalid, Conflict) as refused:
            return _form(user, 400, problem=explain(refused), wrong=getattr(refused, "field", "username"))


def _stored(user: User) -> Typed:
    return Typed(user.username, user.name, user.email, user.roles)


def _form(user: User, status: int = 200, **context: object) -> Response:
    values = as_typed(_stored(user))
    return render("admin/user_form.html", status, values=values, action=request.path, user=user, **context)


def _check(services: Services, user: User, typed: Typed) -> None:
    holder = services.users.find(typed.username)
    if holder is not None and holder.sub != user.sub:
        raise Conflict(gettext("This user name is taken."))
    if services.settings.admin_role in _lost(user, typed):
        not_oneself(user.sub)


def _ask(services: Services, user: User, typed: Typed) -> Response:
    labels = (gettext("User name"), gettext("Name"), gettext("E-mail address"), gettext("Roles"))
    before, after = _words(_stored(user)), _words(typed)
    changed = [
        (label, gettext("%(before)s → %(after)s", before=before[field], after=after[field]))
        for field, label in zip(FIELDS, labels, strict=True)
        if before[field] != after[field]
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


def _warning(services: Services, user: User, typed: Typed) -> str:
    if services.settings.admin_role not in set(typed.roles) - set(user.roles):
        return ""
    return gettext("With this role a person can do everything that you can do here.")


def _change(services: Services, user: User, typed: Typed) -> Response:
    actor, changed = admin().sub, [field for field in FIELDS if getattr(user, field) != getattr(typed, field)]
    if set(changed) - {"roles"}:
        services.users.update(
            user.sub, username=typed.username, profile={"name": typed.name, "email": typed.email}
        )
    if "roles" in changed:
        services.users.set_roles(user.sub, typed.roles, actor)
    if changed:
        detail = {"changed": changed, **({"roles": list(typed.roles)} if "roles" in changed else {})}
        trail.record(services, Tag.USER_CHANGED, sub=user.sub, actor=actor, detail=detail)
    if _lost(user, typed):
        services.mass_endings.end_void(user.sub, Reason.ROLE_LOST, actor)
    flash(gettext("%(name)s is changed.", name=typed.username), "good")
    return go(f"/admin/users/{user.sub}")


def _lost(user: User, typed: Typed) -> set[str]:
    return set(user.roles) - set(typed.roles)


def _words(one: Typed) -> dict[str, str]:
    nothing = gettext("none")
    return {
        "username": one.username,
        "name": one.name or one.username,
        "email": one.email or nothing,
        "roles": gettext(", ").join(one.roles) or nothing,
    }
