"""/account/profile: the fields of their profile that people change themselves."""

from flask import Response, flash

from sso_center.base.errors import Conflict, Invalid
from sso_center.base.profile import PERSON
from sso_center.core.sessions import Session
from sso_center.core.users import User
from sso_center.services import Services
from sso_center.ui import audit_request
from sso_center.ui.core_messages import in_words
from sso_center.ui.profile_form import render_profile, typed_profile
from sso_center.web.language import gettext
from sso_center.web.pages import go


def show(services: Services, user: User, status: int = 200, **context: object) -> Response:
    """Return the form; the account page when there is nothing that people may change."""
    fields = services.settings.profile.editable_by(PERSON).values()
    if not fields:
        return go("/account")
    return render_profile("profile.html", fields, user.profile, status, **context)


def take(services: Services, session: Session) -> Response:
    """Change what was typed otherwise than it is."""
    fields = services.settings.profile.editable_by(PERSON).values()
    # The session's copy of the person may be older than what another page of theirs has just stored.
    user = services.users.get(session.sub)
    try:
        changes = typed_profile(fields, user.profile)
        services.administration.own.change_profile(audit_request.actor(user.sub), changes)
    except (Invalid, Conflict) as refused:
        wrong = getattr(refused, "field", "")
        return show(services, user, 400, problem=in_words(refused.message), wrong=wrong)
    flash(
        gettext("Your profile is changed.") if changes else gettext("Nothing is different from before."),
        "good",
    )
    return go("/account")
