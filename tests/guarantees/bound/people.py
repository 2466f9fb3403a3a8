"""Signing people in and out, for real: in a browser, or as an admin's command does it."""

from collections.abc import Callable
from dataclasses import dataclass
from json import loads
from secrets import token_hex

import requests

from sso_center.base.errors import Unavailable
from sso_center.core.reasons import Reason
from tests.guarantees.bound.clock import now_ns
from tests.guarantees.bound.plan import Way
from tests.guarantees.bound.site import PATIENCE, BoundSite
from tests.harness.browser import REDIRECTS, Browser, Page
from tests.harness.center import Center, Person
from tests.harness.waiting import eventually


@dataclass(frozen=True)
class Visitor:
    """Somebody signed in at a site, with their browser."""

    center: Center
    site: BoundSite
    person: Person
    browser: Browser
    entry: int
    """The process at which they signed in."""
    sid: str
    logout_url: str

    @property
    def cookie(self) -> str:
        """Return the header with all cookies that the site gave."""
        pairs = self.browser.cookies_for(self.site.host).items()
        return "; ".join(f"{name}={value}" for name, value in pairs)


def sign_in(center: Center, site: BoundSite, entry: int) -> Visitor:
    """Make an account with a role of its own, and sign in with it at the process `entry` of a site."""
    person = center.add_person(roles=(f"role-{token_hex(5)}",))
    browser = Browser()
    page = _open(browser, site.url(entry))
    page = browser.follow(browser.log_in(page, person.username, person.password))
    if page.status != 200:
        # The callback met a connection that is no more; the session at the center is there.
        page = _open(browser, site.url(entry))
    seen = loads(page.text)
    return Visitor(center, site, person, browser, entry, seen["sid"], seen["out"])


def sign_out(who: Visitor, way: Way) -> int:
    """Sign somebody out; returns when the acknowledgement was there, in nanoseconds."""
    eventually(lambda: _is_acknowledged(who, way), within=PATIENCE, what=f"the acknowledgement: {way}")
    return now_ns()


def _is_acknowledged(who: Visitor, way: Way) -> bool:
    try:
        _WAYS[way](who)
    except (requests.RequestException, Unavailable, _NotNow):
        return False
    return True


class _NotNow(Exception):
    """The center did not acknowledge it."""


def _open(browser: Browser, url: str) -> Page:
    # Right after an outage a site may say for a while that it can't reach the center.
    seen: list[Page] = []

    def is_well() -> bool:
        seen.append(browser.follow(browser.get(url + "/")))
        return seen[-1].status == 200

    try:
        eventually(is_well, within=PATIENCE, every=0.1)
    except AssertionError as late:
        raise AssertionError(f"{seen[-1].status} from {seen[-1].url}: {seen[-1].text[-300:]}") from late
    return seen[-1]


def _at_the_center(who: Visitor) -> None:
    _confirm(who, who.browser.get(who.center.url("/logout")))


def _at_the_site(who: Visitor) -> None:
    page = who.browser.get(who.site.url(who.entry) + who.logout_url)
    if page.location.startswith(who.center.issuer):
        _confirm(who, who.browser.get(page.location))
    else:
        # The site can't reach the center, and says that the person is signed out at this site only.
        _at_the_center(who)


def _confirm(who: Visitor, page: Page) -> None:
    if any("logout-confirm" in form.names for form in page.forms):
        page = who.browser.submit(page, "logout-confirm")
    if page.status not in (200, *REDIRECTS):
        raise _NotNow


def _by_an_admin(who: Visitor) -> None:
    who.center.services.endings.end_session(who.sid, Reason.ADMIN, "cli")


def _of_the_user(who: Visitor) -> None:
    who.center.services.mass_endings.cut_off("user", who.person.sub, Reason.ADMIN, "cli")


def _of_the_role(who: Visitor) -> None:
    who.center.services.mass_endings.cut_off("role", who.person.roles[0], Reason.ADMIN, "cli")


def _of_the_client(who: Visitor) -> None:
    who.center.services.mass_endings.cut_off("client", who.site.client_id, Reason.ADMIN, "cli")


def _of_everyone(who: Visitor) -> None:
    who.center.services.mass_endings.cut_off("everyone", "", Reason.ADMIN, "cli")


def _by_a_new_password(who: Visitor) -> None:
    who.center.services.users.set_password(who.person.sub, "another good password")


def _by_disabling(who: Visitor) -> None:
    who.center.services.users.set_disabled(who.person.sub, True)


_WAYS: dict[Way, Callable[[Visitor], None]] = {
    Way.DEVICE: _at_the_center,
    Way.SITE: _at_the_site,
    Way.ADMIN: _by_an_admin,
    Way.USER: _of_the_user,
    Way.ROLE: _of_the_role,
    Way.CLIENT: _of_the_client,
    Way.EVERYONE: _of_everyone,
    Way.PASSWORD: _by_a_new_password,
    Way.DISABLED: _by_disabling,
}
