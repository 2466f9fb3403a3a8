"""A grant is redeemed at most once, and nobody but its client can spoil it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.loopback import loopback_session
from tests.harness.rounds import rounds
from tests.harness.site import Attempt, Site

ROUNDS, AT_ONCE = rounds(200, share=5), 50


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    # Fifty requests a moment on two cores: what is slow here is the machine, not the store.
    return new_module_center(workers=2, settings={"SSO_REDIS_TIMEOUT_MS": "5000"})


@pytest.fixture(scope="module")
def site(center: Center) -> Site:
    return center.add_site()


@pytest.fixture(scope="module")
def person(center: Center) -> Person:
    return center.add_person()


@pytest.mark.prove
def test_of_fifty_parallel_redemptions_exactly_one_succeeds(
    site: Site, person: Person, browser: Browser
) -> None:
    site.sign_in(browser, person)
    local = threading.local()

    def redeem(code: str, attempt: Attempt) -> requests.Response:
        if not hasattr(local, "http"):
            local.http = loopback_session()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": site.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        answer: requests.Response = local.http.post(
            site.center.url("/token"), data=form, auth=site.auth, timeout=60
        )
        return answer

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(ROUNDS):
            attempt = site.attempt()
            code = site.code_for(browser, attempt)
            answers = list(pool.map(lambda _, c=code, a=attempt: redeem(c, a), range(AT_ONCE)))
            given = [answer.json() for answer in answers if answer.status_code == 200]
            refused = [answer.json() for answer in answers if answer.status_code != 200]
            assert len(given) == 1
            assert {one["error"] for one in refused} == {"invalid_grant"}
            # The right client presented it again, so what the first redemption gave is taken back.
            assert not site.introspect(given[0]["access_token"])["active"]


def test_presented_again_it_ends_what_it_gave(site: Site, person: Person, browser: Browser) -> None:
    attempt = site.attempt()
    page = site.visit(browser, attempt)
    answer = browser.log_in(page, person.username, person.password)
    code = site.code_in(browser.follow(answer, stop_at=site.redirect_uri), attempt)
    given = site.finish(code, attempt)
    assert site.introspect(given.access_token)["active"]

    assert site.redeem(code, attempt).json()["error"] == "invalid_grant"

    assert site.introspect(given.access_token) == {"active": False}
    assert site.userinfo(given.access_token).status_code == 401
    # A replay is the site's trouble: the person stays signed in.
    assert site.is_alive(given.sid)


@pytest.mark.parametrize("is_redeemed", [False, True], ids=["fresh", "redeemed"])
@pytest.mark.parametrize("what", ["client", "verifier", "redirect_uri"])
def test_the_wrong_client_verifier_or_address_harms_nothing(
    site: Site, person: Person, browser: Browser, what: str, is_redeemed: bool
) -> None:
    site.sign_in(browser, person)
    attempt = site.attempt()
    code = site.code_for(browser, attempt)
    given = site.finish(code, attempt) if is_redeemed else None

    if what == "client":
        refused = site.center.add_site().redeem(code, attempt, redirect_uri=site.redirect_uri)
    elif what == "verifier":
        refused = site.redeem(code, attempt, code_verifier="x" * 43)
    else:
        refused = site.redeem(code, attempt, redirect_uri=f"{site.redirect_uri}/x")

    assert refused.status_code == 400
    assert refused.json()["error"] == "invalid_grant"
    given = given or site.finish(code, attempt)
    assert site.introspect(given.access_token)["active"]


def test_a_grant_lives_for_a_minute(site: Site, person: Person, browser: Browser) -> None:
    site.sign_in(browser, person)
    attempt = site.attempt()
    code = site.code_for(browser, attempt)
    site.center.move_clock(60)
    assert site.redeem(code, attempt).json()["error"] == "invalid_grant"
