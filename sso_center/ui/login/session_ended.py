"""The message for a person whose session has ended: why."""

from sso_center.core.reasons import Reason
from sso_center.web import browser
from sso_center.web.language import lazy_gettext

_TOLD = {
    Reason.EXPIRED: lazy_gettext("Your sign-in has expired. Please sign in again."),
    Reason.LOGOUT: lazy_gettext("You were signed out here, from another device or at one of the sites."),
    Reason.REPLACED: lazy_gettext("A newer sign-in has taken the place of yours."),
    Reason.EVICTED: lazy_gettext(
        "Only so many sign-ins are allowed at the same time, and this one had gone unused for the longest, "
        "so you were signed out here."
    ),
    Reason.ADMIN: lazy_gettext("An administrator has signed you out. Please sign in again."),
    Reason.PASSWORD_CHANGE: lazy_gettext(
        "The password of your account was changed, so you were signed out. Please sign in with the new one."
    ),
    Reason.DISABLED: lazy_gettext("Your account was disabled, so you were signed out."),
    Reason.REMOVED: lazy_gettext("Your account was removed, so you were signed out."),
    Reason.ROLE_LOST: lazy_gettext(
        "What you may do was changed, so you were signed out. Please sign in again."
    ),
    Reason.REUSE: lazy_gettext(
        "A copy of your sign-in was used, so we ended it at every site. "
        "If you don't know how that came about, sign in and change your password."
    ),
}

_ANY = lazy_gettext("Your session has ended. Please sign in again.")


def session_ended_message() -> str:
    """Return why the session of this browser's cookie has ended, '' when it never opened any.

    Only a cookie that we signed gets a reason. Raises Unavailable.
    """
    reason = browser.past_reason()
    if reason is None:
        return ""
    return str(_TOLD.get(reason, _ANY))  # type: ignore[call-overload]
