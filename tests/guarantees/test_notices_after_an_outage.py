"""A site that was down for an hour has its notice once it is back, whatever was killed meanwhile."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress

import pytest

from sso_center.core.notices import Counts, EndingFilter
from sso_center.core.notices.outbox import LONGEST_PAUSE
from tests.guarantees.test_kills import children, store_of
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.ports import free_port
from tests.harness.receiver import Receiver
from tests.harness.waiting import eventually

MINUTE = 60


@pytest.fixture
def center(new_center: Callable[..., Center]) -> Center:
    return new_center(workers=2)


def kill_everything(center: Center) -> None:
    """Kill every process of the center at once: who minds, workers, courier, and the store."""
    assert center.process is not None
    minder = center.process.pid
    everybody = [minder, *children(minder), store_of(center)]
    for pid in everybody:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    center.kill()


def counts(center: Center, sid: str) -> Counts:
    (ending,) = center.services.receipts.endings(EndingFilter(sid=sid))
    return ending.counts


def test_a_site_down_for_an_hour_is_told_once_it_is_back_though_the_center_was_killed_twice(
    center: Center, receiver: Receiver, browser: Browser
) -> None:
    port = free_port()
    up = center.add_site(backchannel_logout_uri=receiver.uri)
    down = center.add_site(backchannel_logout_uri=f"http://127.0.0.1:{port}/backchannel-logout")
    sid = up.sign_in(browser, center.add_person()).sid
    down.sign_in(browser)
    browser.submit(browser.get(center.url("/logout")), "logout-confirm")

    # The others had theirs at once.
    receiver.wait_for(1, sid=sid)
    eventually(lambda: counts(center, sid) == Counts(confirmed=1, pending=1), what="a receipt")
    for _ in range(2):
        kill_everything(center)
        center.move_clock(20 * MINUTE)
        center.start()
        tried = center.services.clock()
        eventually(lambda t=tried: last_try(center, sid, down.client_id) >= t, what="another try")
    center.move_clock(20 * MINUTE)

    with Receiver(port) as back:
        # It was tried a moment ago: at most one more pause, and it has it.
        center.move_clock(LONGEST_PAUSE / 1000)
        (told,) = back.wait_for(1, sid=sid)
        assert told.claims["aud"] == down.client_id
        eventually(lambda: counts(center, sid) == Counts(confirmed=2), what="both receipts")
    assert len(receiver.deliveries) == 1


def last_try(center: Center, sid: str, client_id: str) -> int:
    (ending,) = center.services.receipts.endings(EndingFilter(sid=sid))
    (receipt,) = [one for one in center.services.receipts.of(ending.number) if one.client_id == client_id]
    return receipt.last_attempt_at or 0
