"""/admin/users/<sub>/password: a new password that is shown once, and must be changed at the next sign-in."""

import secrets

from flask import Blueprint, Response

from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui.admin.confirmation import Question, ask, is_confirmed
from sso_center.ui.admin.gate import acting
from sso_center.ui.admin.users.self_lockout import not_oneself
from sso_center.web.language import gettext
from sso_center.web.pages import render

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that is taken for another when it is read out on the telephone."""

GROUPS, IN_A_GROUP = 4, 4


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add the question and its deed."""

    @routes.route("/users/<sub>/password", methods=["GET", "POST"])
    def reset_password(sub: str) -> Response:
        user = services.users.get(sub)
        not_oneself(sub)
        return _reset(services, user) if is_confirmed() else _ask(services, user)


def new_password() -> str:
    """Return a password that nobody guesses (79 bits) and everybody can type."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(IN_A_GROUP)) for _ in range(GROUPS))
    return "-".join(groups)


def show_password(user: User, password: str, title: str) -> Response:
    """Return the only page that ever shows a password."""
    return render(
        "admin/secret.html",
        title=title,
        text=gettext(
            "Give this password to %(name)s in person. At the first sign-in another one has to be chosen.",
            name=user.name,
        ),
        rows=[(gettext("User name"), user.username)],
        label=gettext("Password"),
        secret=password,
        back=f"/admin/users/{user.sub}",
    )


def _ask(services: Services, user: User) -> Response:
    ends = "sessions" in services.settings.on_password_change
    return ask(
        Question(
            title=gettext("Give %(name)s a new password?", name=user.username),
            text=gettext(
                "The old one stops working at once. You will see the new one once; it has to be changed at "
                "the next sign-in."
            ),
            reach=services.mass_endings.reach("user", user.sub) if ends else None,
            button=gettext("Give a new password"),
            back=f"/admin/users/{user.sub}",
        )
    )


def _reset(services: Services, user: User) -> Response:
    password = new_password()
    services.administration.users.set_password(acting(), user.sub, password, must_change=True)
    return show_password(user, password, gettext("%(name)s has a new password", name=user.username))
