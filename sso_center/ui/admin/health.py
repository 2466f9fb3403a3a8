"""Whether all is well: the stores, notices that wait, sites that don't answer, walks under way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sso_center.base.errors import Unavailable
from sso_center.services import Services
from sso_center.ui.admin.endings.words import scope_in_words
from sso_center.ui.admin.formatting import site_called
from sso_center.web.language import gettext, number


@dataclass(frozen=True)
class HealthSign:
    """One thing that is well or not: what, how it looks (good, wait or bad), and in words."""

    what: str
    look: str
    text: str
    address: str = ""


def signs_of(services: Services) -> list[HealthSign]:
    """Return what an admin should know of the center's health; what can't be asked says so."""
    signs = [_store(gettext("Redis"), services.redis.check), _store(gettext("SQL"), services.database.check)]
    try:
        return [*signs, *_notices(services), *_silent_sites(services), *_walks(services)]
    except Unavailable:
        return signs


def _store(what: str, check: Callable[[], object]) -> HealthSign:
    try:
        check()
    except Unavailable:
        return HealthSign(what, "bad", gettext("can't be reached"))
    return HealthSign(what, "good", gettext("reachable"))


def _notices(services: Services) -> Iterator[HealthSign]:
    by_state = services.outbox.count_by_state()
    waiting, lost = by_state.get("pending", 0), by_state.get("gave_up", 0)
    what, address = gettext("Notices"), "/admin/endings?open=yes"
    yield (
        HealthSign(what, "wait", gettext("%(count)s waiting", count=number(waiting)), address)
        if waiting
        else HealthSign(what, "good", gettext("all delivered"))
    )
    if lost:
        yield HealthSign(what, "bad", gettext("%(count)s given up", count=number(lost)), address)


def _silent_sites(services: Services) -> Iterator[HealthSign]:
    for client_id, breaker in services.outbox.breakers().items():
        if breaker.is_open:
            text = gettext("does not answer: %(error)s", error=gettext(breaker.last_error))
            yield HealthSign(
                site_called(services, client_id), "bad", text, f"/admin/endings?client={client_id}"
            )


def _walks(services: Services) -> Iterator[HealthSign]:
    for walk in services.cutoff_jobs.under_way():
        yield HealthSign(
            scope_in_words(services, walk.scope, walk.name),
            "wait",
            gettext("%(percent)s %% gone through", percent=walk.percent),
            f"/admin/endings/{walk.number}",
        )
