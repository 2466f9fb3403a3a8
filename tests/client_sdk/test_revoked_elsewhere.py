"""A session that ended is over within thirty seconds in the processes that nobody told, too."""

import json

import pytest

from client_sdk.testing import FakeCenter
from tests.client_sdk.sites import RunningSite, Times
from tests.harness.browser import Browser

MAX_STALENESS = 30_000
"""What the SDK promises, in milliseconds, whatever its settings' default becomes."""


@pytest.mark.parametrize("is_told", [True, False], ids=["one is told", "none is told"])
@pytest.mark.parametrize("is_away", [True, False], ids=["center away", "center there"])
@pytest.mark.parametrize("asked_before", [0, 17], ids=lambda seconds: f"asked {seconds} s before")
def test_another_process_accepts_nothing_once_thirty_seconds_have_passed(
    each_site: RunningSite,
    center: FakeCenter,
    times: Times,
    browser: Browser,
    asked_before: int,
    is_away: bool,
    is_told: bool,
) -> None:
    sid = json.loads(each_site.sign_in(browser).text)["sid"]
    with each_site.another_process() as url:
        assert browser.get(url + "/public").text == "alice"
        assert center.asked == [[sid]], "the other process did not learn by itself that the session is alive"
        times.move(asked_before)
        center.end(sid)
        if is_told:
            told = each_site.tell(center.logout_token(each_site.client_id, sid=sid))
            assert told.status == 200
            assert browser.get(each_site.url + "/public").text == "nobody"
        ended_at = times.clock.steady()
        center.is_away = is_away
        # Looked at all the time: that must not put off the question.
        for _ in range(35):
            asked_at = times.clock.steady()
            if browser.get(url + "/public").text != "nobody":
                assert asked_at - ended_at < MAX_STALENESS
            times.move(1)
        assert times.clock.steady() - ended_at > MAX_STALENESS
        center.is_away = False
        times.move(1.1)
        assert "/authorize" in browser.get(url + "/").location
