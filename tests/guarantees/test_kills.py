"""Killing a worker or the embedded server under load signs nobody out and leaves nothing half done."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from sso_center.base.errors import Unavailable
from tests.harness.browser import REDIRECTS, Browser
from tests.harness.center import Center, Person
from tests.harness.site import SignedIn, Site
from tests.harness.waiting import eventually

CROWD = 6


class Member:
    """One of the crowd: signed in, and going from site to site for as long as the load lasts."""

    def __init__(self, center: Center, site: Site, browser: Browser) -> None:
        self.site, self.browser = site, browser
        self.person: Person = center.add_person()
        self.first: SignedIn = site.sign_in(browser, self.person)
        self.handoffs = self.troubles = 0
        self.wrong: list[str] = []

    def hand_off(self) -> None:
        """Get a code and redeem it: success or an honest "not now", never a login page or a wrong answer."""
        try:
            self._hand_off()
        except requests.RequestException:
            self.troubles += 1

    def _hand_off(self) -> None:
        attempt = self.site.attempt()
        page = self.browser.get(attempt.url)
        if page.status == 503:
            self.troubles += 1
            return
        if page.status not in REDIRECTS or not page.location.startswith(self.site.redirect_uri):
            self.wrong.append(f"{page.status} to {page.location or page.text[:200]}")
            return
        answer = self.site.redeem(self.site.code_in(page, attempt), attempt)
        if answer.status_code == 200:
            claims = self.site.verify(answer.json()["id_token"], nonce=attempt.nonce)
            self.handoffs += 1
            if claims["sub"] != self.person.sub:
                self.wrong.append("somebody else's answer")
        elif answer.status_code == 503 or answer.json()["error"] == "invalid_grant":
            # A grant whose redemption was cut off, or that a recovery voided: the site asks for another.
            self.troubles += 1
        else:
            self.wrong.append(f"{answer.status_code} {answer.text[:200]}")


@contextmanager
def load(members: list[Member]) -> Iterator[None]:
    stop = threading.Event()

    def go_round(member: Member) -> None:
        while not stop.is_set():
            member.hand_off()

    threads = [threading.Thread(target=go_round, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def center(new_center: Callable[..., Center]) -> Center:
    return new_center(workers=2)


@pytest.fixture
def crowd(center: Center, new_browser: Callable[..., Browser]) -> list[Member]:
    return [Member(center, center.add_site(), new_browser()) for _ in range(CROWD)]


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in found.split()]


def store_of(center: Center) -> int:
    """Return the process of the center's embedded server."""
    (about,) = center.services.redis.server_info("server")
    return int(about.partition("process_id:")[2].split()[0])


def reached(center: Center) -> int | None:
    try:
        return store_of(center)
    except Unavailable:
        return None


def everyone_is_in_and_well(crowd: list[Member]) -> None:
    for member in crowd:
        assert not member.wrong, member.wrong
        before = member.handoffs
        eventually(lambda m=member, b=before: m.hand_off() or m.handoffs > b, what="a handoff")
        assert member.site.is_alive(member.first.sid)
        assert not member.wrong, member.wrong


def test_a_killed_worker_is_replaced_and_nobody_is_signed_out(center: Center, crowd: list[Member]) -> None:
    assert center.process is not None
    with load(crowd):
        for _ in range(3):
            workers = children(center.process.pid)
            os.kill(workers[0], signal.SIGKILL)
            eventually(
                lambda gone=workers[0]: (
                    gone not in children(center.process.pid) and sum(m.handoffs for m in crowd)
                ),
                what="the worker's end",
            )
            time.sleep(0.3)
    everyone_is_in_and_well(crowd)


def test_a_killed_store_comes_back_and_nobody_is_signed_out(center: Center, crowd: list[Member]) -> None:
    with load(crowd):
        for _ in range(3):
            handed_off = sum(member.handoffs for member in crowd)
            server = eventually(lambda: reached(center), what="the store's address")
            # What is written once a second must be on disk before the power goes.
            time.sleep(1.1)
            os.kill(server, signal.SIGKILL)
            eventually(
                lambda before=handed_off: sum(m.handoffs for m in crowd) > before + 50,
                what="handoffs after the store's return",
            )
    everyone_is_in_and_well(crowd)
