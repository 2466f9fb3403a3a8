"""/admin/users/<sub>/disable and /enable."""

from flask import Blueprint, Response, flash

from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed
from sso_center.ui.admin.gate import acting
from sso_center.ui.admin.users.self_lockout import not_oneself
from sso_center.web.language import gettext
from sso_center.web.pages import go


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add both questions and their deeds."""

    @routes.route("/users/<sub>/disable", methods=["GET", "POST"])
    def disable_user(sub: str) -> Response:
        user = services.users.get(sub)
        not_oneself(sub)
        return _disable(services, user) if is_confirmed() else _ask_disable(services, user)

    @routes.route("/users/<sub>/enable", methods=["GET", "POST"])
    def enable_user(sub: str) -> Response:
        user = services.users.get(sub)
        return _enable(services, user) if is_confirmed() else _ask_enable(user)


def _ask_disable(services: Services, user: User) -> Response:
    return ask(
        Question(
            title=gettext("Disable %(name)s?", name=user.username),
            text=gettext("They are signed out everywhere at once, and can't sign in until you enable them."),
            reach=services.mass_endings.reach("user", user.sub),
            button=gettext("Disable"),
            back=f"/admin/users/{user.sub}",
        )
    )


def _disable(services: Services, user: User) -> Response:
    services.administration.users.disable(acting(), user.sub)
    flash(gettext("%(name)s is disabled.", name=user.username), "good")
    return go(f"/admin/users/{user.sub}")


def _ask_enable(user: User) -> Response:
    return ask(
        Question(
            title=gettext("Enable %(name)s again?", name=user.username),
            text=gettext("They can sign in again. What was ended stays ended."),
            button=gettext("Enable"),
            back=f"/admin/users/{user.sub}",
            is_grave=False,
        )
    )


def _enable(services: Services, user: User) -> Response:
    services.administration.users.enable(acting(), user.sub)
    flash(gettext("%(name)s is enabled.", name=user.username), "good")
    return go(f"/admin/users/{user.sub}")
