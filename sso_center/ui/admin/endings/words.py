"""What the console says of endings and receipts."""

from sso_center.core.notices import EndingSummary, SiteReceipt
from sso_center.core.reasons import Reason
from sso_center.services import Services
from sso_center.ui.admin.formatting import person_called, site_called
from sso_center.web.language import gettext, lazy_gettext, number, soon

REASONS = {
    Reason.LOGOUT: lazy_gettext("signed out"),
    Reason.ADMIN: lazy_gettext("by an administrator"),
    Reason.PASSWORD_CHANGE: lazy_gettext("new password"),
    Reason.DISABLED: lazy_gettext("account disabled"),
    Reason.REMOVED: lazy_gettext("removed"),
    Reason.ROLE_LOST: lazy_gettext("role taken away"),
    Reason.CHANGED: lazy_gettext("account changed"),
    Reason.EXPIRED: lazy_gettext("expired"),
    Reason.REPLACED: lazy_gettext("replaced by a newer sign-in"),
    Reason.EVICTED: lazy_gettext("made room for others"),
    Reason.REVOKED: lazy_gettext("access withdrawn"),
    Reason.REUSE: lazy_gettext("a copied sign-in was used"),
    Reason.REPLAY: lazy_gettext("a code was used twice"),
}


def reason_in_words(reason: str) -> str:
    """Return why something ended, as an admin reads it."""
    return str(REASONS[Reason(reason)]) if reason in set(Reason) else reason


def whom(services: Services, ending: EndingSummary) -> str:
    """Return what ended: whose session, at which site, or everything of a scope. Raises Unavailable."""
    if ending.kind == "cutoff":
        return scope_in_words(services, ending.scope, ending.name)
    if ending.kind == "leave":
        return gettext(
            "%(person)s, at %(site)s only",
            person=person_called(services, ending.sub),
            site=site_called(services, ending.client_id),
        )
    return person_called(services, ending.sub) if ending.sub else site_called(services, ending.client_id)


def scope_in_words(services: Services, scope: str, name: str) -> str:
    """Return whom a cut-off reaches. Raises Unavailable."""
    if scope == "user":
        return gettext("Everything of %(person)s", person=person_called(services, name))
    if scope == "client":
        return gettext("Everybody at %(site)s", site=site_called(services, name))
    if scope == "role":
        return gettext("Everybody with the role %(role)s", role=name)
    return gettext("Everybody")


def state_of(receipt: SiteReceipt, now: int) -> tuple[str, str]:
    """Return how far a site knows of it: a word for its colour, and a sentence."""
    error = gettext(receipt.last_error) if receipt.last_error else ""
    if receipt.state == "confirmed":
        return "good", gettext("confirmed in %(ms)s ms", ms=number(receipt.took_ms or 0))
    if receipt.state == "superseded":
        return "off", gettext("superseded: the person has signed in there anew")
    if receipt.state == "shown":
        return "off", gettext("asked through the browser, which nobody can confirm")
    if receipt.state == "gave_up":
        return "bad", gettext("gave up because %(error)s", error=error)
    if not receipt.last_error:
        return "wait", gettext("on its way")
    wait = (receipt.next_attempt_at or 0) - now
    when = soon(wait) if wait > 0 else gettext("now")
    return "wait", gettext("retrying %(when)s because %(error)s", when=when, error=error)
