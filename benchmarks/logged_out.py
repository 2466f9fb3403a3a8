"""Logged out everywhere: from the reply to a forced logout until the last process of every site refuses."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from benchmarks.browser import Browser
from benchmarks.center import opened_core, running_center
from benchmarks.load import percentile
from benchmarks.processes import others_share
from benchmarks.side import Client, Side
from benchmarks.sites import Place, Site, SiteProcesses, serving
from benchmarks.units import drive, log_in
from benchmarks.wire import RefusedError
from sso_center.core.reasons import Reason
from sso_center.services import Services
from sso_center.storage.schema import notices

SITES, PROCESSES = 20, 2
LOGOUTS = 20
"""Logouts a round."""

AT_ONCE = 4
"""Sites that the person signs in at together."""

TRIES = 3

PATIENCE = 35.0
"""Seconds after a logout until a process that still lets somebody in is given up: it must not for over 30."""

PAUSE = 0.05
"""Seconds between the last login and the logout, so that nothing of the one is measured with the other."""


@dataclass(frozen=True)
class Logout:
    """One logout, in milliseconds: until its reply, and from there until each refusal and each receipt.

    Below zero is before the reply, which waits for no site.
    """

    reply: float
    refusals: tuple[float, ...]
    receipts: tuple[float, ...]


@dataclass(frozen=True)
class LoggedOut:
    """All logouts, and the share of the machine that others used while they were measured."""

    sites: int
    processes: int
    logouts: tuple[Logout, ...]
    others: float

    def reply(self, percent: float) -> float:
        """How long whoever asked for the logout waited, in so many percent of them."""
        return percentile((one.reply for one in self.logouts), percent)

    def first(self, percent: float) -> float:
        """Until the first process refused, in so many percent of the logouts."""
        return percentile((min(one.refusals) for one in self.logouts), percent)

    def last(self, percent: float) -> float:
        """Until none let the person in any more, in so many percent of the logouts."""
        return percentile((max(one.refusals) for one in self.logouts), percent)

    def confirmed(self, percent: float) -> float:
        """Until every site had confirmed its notice, in so many percent of the logouts."""
        return percentile((max(one.receipts) for one in self.logouts), percent)


def measure_logged_out(*, rounds: int, workers: int, alg: str) -> LoggedOut:
    """Log somebody out who is signed in at all sites, `LOGOUTS` times a round.

    Raises CannotStartError, RefusedError: also when a process goes on letting the person in.
    """
    places = [Place.take(f"site{number:02}") for number in range(SITES)]
    sites: list[Site] = []
    environs: list[Mapping[str, str]] = []

    def register(environ: dict[str, str]) -> None:
        environs.append(environ)
        with opened_core(environ) as services:
            sites.extend(_register(services, place, alg) for place in places)

    print(f"starting a center, and {SITES} sites with {PROCESSES} processes each ...", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="sso-bench-") as folder,
        running_center(Path(folder), workers=workers, alg=alg, fill=register) as side,
        serving(side, sites, processes=PROCESSES) as processes,
        opened_core(environs[0]) as services,
    ):
        person = _Person(side, sites, processes, services)
        person.is_logged_out()  # the first one waits for caches and connections
        with others_share([side.service, processes.service]) as others:
            found = [one for number in range(rounds) for one in _round(person, f"{number + 1}/{rounds}")]
        return LoggedOut(len(sites), len(processes), tuple(found), others())


def _round(person: "_Person", number: str) -> list[Logout]:
    found = [person.is_logged_out() for _ in range(LOGOUTS)]
    last = [max(one.refusals) for one in found]
    print(
        f"round {number:6} {LOGOUTS} logouts  out everywhere: p50 {percentile(last, 50):6.1f}"
        f"  slowest {max(last):6.1f} ms from the reply",
        flush=True,
    )
    return found


def _register(services: Services, place: Place, alg: str) -> Site:
    root = place.origin.url
    _, secret = services.clients.add(
        place.client_id,
        redirect_uris=(f"{root}/sso/callback",),
        backchannel_logout_uri=f"{root}/sso/backchannel-logout",
        id_token_alg=alg,
    )
    return Site(Client(place.client_id, secret or ""), place)


def _joined(site: Site, center: Side, browser: Browser) -> str:
    """Sign in at a site, which is not measured: it is tried again where a busy machine is too slow."""
    for _ in range(TRIES - 1):
        try:
            return site.join(center, browser)
        except RefusedError:
            time.sleep(1.0)
    return site.join(center, browser)


@dataclass(frozen=True)
class _Person:
    """Somebody who signs in at every site, and is logged out by an admin."""

    center: Side
    sites: Sequence[Site]
    processes: SiteProcesses
    services: Services

    def is_logged_out(self) -> Logout:
        """Sign in everywhere, and be logged out."""
        sid = self._sign_in()
        time.sleep(PAUSE)
        began = time.monotonic()
        ending = self.services.endings.end_session(sid, Reason.ADMIN, "cli")
        replied, replied_at = time.monotonic(), time.time()
        if ending is None or len(ending.participants) != len(self.sites):
            raise RefusedError(f"the session is not one that {len(self.sites)} sites joined: {ending}")
        refusals = self.processes.refusals(PATIENCE)
        confirmed = self._receipts(ending.number)
        return Logout(
            (replied - began) * 1e3,
            tuple((moment - replied) * 1e3 for moment in refusals),
            tuple(moment - replied_at * 1e3 for moment in confirmed),
        )

    def _sign_in(self) -> str:
        name = self.center.visitors[0]
        browser = Browser(self.center.origin)
        drive(self.center, log_in(self.center, browser, name))
        self.processes.watch(self._join(browser))
        user = self.services.users.find(name)
        assert user is not None
        (session,) = self.services.sessions.of_user(user.sub)
        return session.sid

    def _join(self, browser: Browser) -> dict[str, str]:
        """Sign in at all sites, at some at once as a browser with tabs does; the cookies by `client_id`."""
        with ThreadPoolExecutor(AT_ONCE) as tabs:
            cookies = tabs.map(lambda site: _joined(site, self.center, browser), self.sites)
            return {site.client.client_id: cookie for site, cookie in zip(self.sites, cookies, strict=True)}

    def _receipts(self, number: int) -> list[int]:
        """Wait for the notices of an ending, and return when each was confirmed (ms since 1970)."""
        deadline = time.monotonic() + PATIENCE
        wanted = select(notices.c.confirmed_at).where(notices.c.number == number)
        while time.monotonic() < deadline:
            with self.services.database.read() as connection:
                confirmed = list(connection.scalars(wanted))
            if len(confirmed) == len(self.sites) and None not in confirmed:
                return confirmed
            time.sleep(0.01)
        raise RefusedError(f"notices are not confirmed {PATIENCE:g} s after the logout")
