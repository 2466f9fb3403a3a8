"""The step for people whose password was set by somebody else: they choose their own before they come in."""

from dataclasses import replace

from flask import Response

from sso_center.base.errors import Invalid
from sso_center.core.users import User
from sso_center.ui import audit_request, passwords
from sso_center.ui.login.step import Progress, Step, Visit
from sso_center.web.pages import render


def is_due(_progress: Progress | None, user: User | None) -> bool:
    """Due as long as the stored password is one to be changed."""
    return user is not None and user.must_change_password


def show(visit: Visit) -> Response:
    """Return the empty form."""
    return _page(visit)


def take(visit: Visit) -> Progress | Response:
    """Store the new password."""
    assert visit.progress is not None and visit.user is not None  # noqa: PT018
    try:
        own, actor = visit.services.administration.own, audit_request.actor(visit.user.sub)
        changed = own.change_password(actor, visit.user, passwords.read_new())
    except Invalid as refused:
        return _page(visit, 400, problem=passwords.explain(refused), field=refused.field)
    # The account has changed since the proof, and this browser is the one that changed it.
    return replace(visit.progress, version=changed.version)


def _page(visit: Visit, status: int = 200, **context: object) -> Response:
    return render("new_password.html", status, visit=visit, **context)


STEP = Step("new_password", is_due, show, take)
