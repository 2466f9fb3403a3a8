"""/admin/users/<sub>/remove: taking an account away, and all that it had."""

from flask import Blueprint, Response, flash

from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed
from sso_center.ui.admin.gate import acting
from sso_center.ui.admin.users.self_lockout import not_oneself
from sso_center.web.language import gettext
from sso_center.web.pages import go


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the question and its deed."""

    @routes.route("/users/<sub>/remove", methods=["GET", "POST"])
    def remove_user(sub: str) -> Response:
        user = services.users.get(sub)
        not_oneself(sub)
        return _remove(services, user) if is_confirmed() else _ask(services, user)


def _ask(services: Services, user: User) -> Response:
    return ask(
        Question(
            title=gettext("Remove %(name)s?", name=user.username),
            text=gettext("They are signed out everywhere at once. What is in the audit log stays there."),
            reach=services.mass_endings.reach("user", user.sub),
            warning=gettext(
                "It can't be taken back: somebody who is added under this name later is another person to "
                "every site. To keep somebody out for a while, disable the account."
            ),
            button=gettext("Remove"),
            back=f"/admin/users/{user.sub}",
        )
    )


def _remove(services: Services, user: User) -> Response:
    services.administration.users.remove(acting(), user.sub)
    flash(gettext("%(name)s is removed.", name=user.username), "good")
    return go("/admin/users")
