"""Killing a worker or the store signs no client out that refreshes, and gives nothing twice."""

import os
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.guarantees.test_kills import children
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.loopback import loopback_session
from tests.harness.site import Site
from tests.harness.waiting import eventually
from tests.oidc.exchange import CODE_AND_REFRESH, tokens_for
from tests.servers.valkey import ValkeyServer

CROWD, KILLS = 6, 3


class Renewing:
    """A site that refreshes for as long as the load lasts, and asks again whenever it got no answer."""

    def __init__(self, site: Site, browser: Browser) -> None:
        self.site = site
        self.first = tokens_for(browser, site)
        self.token = self.first["refresh_token"]
        self.answers: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self.newest = ""
        self.refused = ""
        self.troubles = 0
        self._http = loopback_session()

    def close(self) -> None:
        self._http.close()

    def refresh(self) -> bool:
        """Refresh, and say whether an answer came that says yes or no."""
        form = {"grant_type": "refresh_token", "refresh_token": self.token}
        try:
            answer = self._http.post(
                self.site.center.url("/token"), data=form, auth=self.site.auth, timeout=60
            )
        except requests.RequestException:
            self.troubles += 1
            return False
        if answer.status_code == 503:
            self.troubles += 1
            return False
        if answer.status_code != 200:
            self.refused = answer.text
            return True
        told = answer.json()
        self.answers[self.token].add((told["refresh_token"], told["access_token"]))
        # Every other answer is as good as lost: the same token is used once more.
        if len(self.answers) % 2 or told["access_token"] == self.newest:
            self.token = told["refresh_token"]
        self.newest = told["access_token"]
        return True

    def is_well(self) -> None:
        """See that it was never refused, that no token had two answers, and that it can go on."""
        assert not self.refused, self.refused
        assert {len(answers) for answers in self.answers.values()} == {1}
        given = [pair for answers in self.answers.values() for pair in answers]
        assert (
            len({access for _, access in given}) == len({successor for successor, _ in given}) == len(given)
        )
        before = len(self.answers)
        eventually(lambda: self.refresh() and len(self.answers) > before, what="a refresh")
        assert not self.refused, self.refused
        self.site.center.secrets |= {self.newest, *self.answers}
        assert self.site.introspect(self.newest)["active"]


@pytest.fixture
def crowd(new_browser: Callable[..., Browser]) -> Iterator[Callable[[Center], list[Renewing]]]:
    made: list[Renewing] = []

    def gather(center: Center) -> list[Renewing]:
        browser, person = new_browser(), center.add_person()
        center.add_site().sign_in(browser, person)
        for number in range(CROWD):
            form = "jwt" if number % 2 else "opaque"
            site = center.add_site(grant_types=CODE_AND_REFRESH, access_token_format=form)
            made.append(Renewing(site, browser))
        return made

    yield gather
    for one in made:
        one.close()


@contextmanager
def load(crowd: list[Renewing]) -> Iterator[None]:
    stop = threading.Event()

    def go_on(one: Renewing) -> None:
        while not stop.is_set() and not one.refused:
            one.refresh()

    threads = [threading.Thread(target=go_on, args=(one,)) for one in crowd]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def work_goes_on(crowd: list[Renewing]) -> None:
    """Return once every one of the crowd got some more answers."""
    before = [len(one.answers) for one in crowd]
    eventually(
        lambda: all(
            one.refused or len(one.answers) > was + 5 for one, was in zip(crowd, before, strict=True)
        ),
        what="refreshes",
    )


class GivenBack:
    """What one login gave, and that it stays revoked once it was."""

    def __init__(self, center: Center, browser: Browser) -> None:
        self._site = center.add_site(grant_types=CODE_AND_REFRESH)
        self._tokens = tokens_for(browser, self._site)

    def revoke(self) -> "GivenBack":
        token = self._tokens["refresh_token"]
        assert self._site.post("/revoke", {"token": token}).status_code == 200
        return self

    def stays_so(self) -> None:
        site, token = self._site, self._tokens["refresh_token"]
        assert site.introspect(self._tokens["access_token"]) == {"active": False}
        assert site.introspect(token) == {"active": False}
        refused = site.post("/token", {"grant_type": "refresh_token", "refresh_token": token})
        assert refused.json()["error"] == "invalid_grant"


def test_killed_workers_sign_no_refreshing_client_out(
    new_center: Callable[..., Center], crowd: Callable[[Center], list[Renewing]]
) -> None:
    center = new_center(workers=2)
    assert center.process is not None
    renewing = crowd(center)
    with load(renewing):
        for _ in range(KILLS):
            work_goes_on(renewing)
            worker = children(center.process.pid)[0]
            os.kill(worker, signal.SIGKILL)
            eventually(lambda gone=worker: gone not in children(center.process.pid), what="the worker's end")
        work_goes_on(renewing)
    assert sum(one.troubles for one in renewing), "no request was under way when a worker was killed"
    for one in renewing:
        one.is_well()


def test_a_killed_store_that_lost_nothing_signs_no_refreshing_client_out_and_forgets_no_revocation(
    new_center: Callable[..., Center],
    crowd: Callable[[Center], list[Renewing]],
    browser: Browser,
    tmp_path: Path,
) -> None:
    # With its default of one fsync a second a killed store may forget what it acknowledged last, and a client
    # whose newest token it forgot signs in again: test_a_refresh_token_that_a_store_forgot_is_no_reuse.
    with ValkeyServer(tmp_path / "store", options={"appendfsync": "always"}) as store:
        center = new_center(workers=2, settings={"SSO_REDIS_URL": store.url})
        center.add_site().sign_in(browser, center.add_person())
        renewing = crowd(center)
        given_back = []
        with load(renewing):
            for _ in range(KILLS):
                work_goes_on(renewing)
                given_back.append(GivenBack(center, browser).revoke())
                store.kill()
                store.start()
            work_goes_on(renewing)
        assert sum(one.troubles for one in renewing), "no request was under way when the store was killed"
        for one in renewing:
            one.is_well()
        for given in given_back:
            given.stays_so()
        center.stop()


def test_a_refresh_token_that_a_store_forgot_is_no_reuse(
    new_center: Callable[..., Center],
    crowd: Callable[[Center], list[Renewing]],
    browser: Browser,
    tmp_path: Path,
) -> None:
    # Nothing is written to disk any more: the store forgets all since then.
    with ValkeyServer(tmp_path / "store") as store:
        center = new_center(workers=2, settings={"SSO_REDIS_URL": store.url})
        center.add_site().sign_in(browser, center.add_person())
        renewing, given_back = crowd(center), GivenBack(center, browser)
        with store.client() as client:
            client.config_set("appendonly", "no")
        given_back.revoke()
        with load(renewing):
            work_goes_on(renewing)
            store.kill()
            store.start()
            eventually(lambda: all(one.refused for one in renewing), what="refusals")
        for one in renewing:
            # What it was given first is as good as it was: the family lives, and nobody was accused.
            assert one.site.introspect(one.first["access_token"])["active"]
        given_back.stays_so()
        center.stop()
