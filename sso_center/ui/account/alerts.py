"""Alerts on the account page: a sign-in of the person was copied."""

from sso_center.core.audit import Tag
from sso_center.core.reasons import Reason
from sso_center.services import Services
from sso_center.web.language import ago, gettext

LOOK_BACK = 30 * 86_400_000
"""Milliseconds that the alert is shown; a new password ends it too."""


def alerts_of(services: Services, sub: str) -> list[str]:
    """Return a sentence when a cookie of the person turned up twice lately, nothing otherwise.

    Raises Unavailable.
    """
    copied_at = last_copy_of(services, sub)
    if copied_at is None:
        return []
    return [
        gettext(
            "A copy of a sign-in of yours was used (%(when)s), so we ended that session at every site. "
            "If you don't know how that came about, change your password.",
            when=ago(services.clock() - copied_at),
        )
    ]


def last_copy_of(services: Services, sub: str) -> int | None:
    """Return when (ms) a copied cookie of the person was last found out, as long as it matters.

    Raises Unavailable.
    """
    since = max(services.clock() - LOOK_BACK, _last_password_change(services, sub))
    ended = services.audit.latest(50, sub=sub, tag=Tag.SESSION_ENDED)
    return max(
        (one.at for one in ended if one.at > since and one.detail.get("reason") == Reason.REUSE), default=None
    )


def _last_password_change(services: Services, sub: str) -> int:
    changes = services.audit.latest(1, sub=sub, tag=Tag.PASSWORD_CHANGED)
    return changes[0].at if changes else 0
