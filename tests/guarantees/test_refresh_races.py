"""Refresh and app tokens under parallel requests, and against revocations and logouts, over HTTP."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
import requests

from sso_center.core.users import User
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.loopback import loopback_session
from tests.harness.site import Site
from tests.oidc.exchange import CODE_AND_REFRESH, tokens_for

T = TypeVar("T")

AT_ONCE, TIMES = 50, 8

ROUNDS = 50
"""Of each race over HTTP; tests/tokens/test_token_races.py runs the others in one process, 500 together."""


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    return new_module_center(workers=2)


@pytest.fixture(scope="module")
def user(center: Center) -> User:
    user = center.services.users.find(center.add_person().username)
    assert user is not None
    return user


@pytest.fixture(scope="module")
def pool() -> Iterator["Crowd"]:
    with Crowd() as crowd:
        yield crowd


class Crowd:
    """Fifty callers, each with a connection of its own."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._made: list[requests.Session] = []
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def __enter__(self) -> "Crowd":
        self._pool.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
        for session in self._made:
            session.close()

    def post(self, site: Site, path: str, **form: str) -> requests.Response:
        """Call an endpoint as a site, on the caller's own connection."""
        if not hasattr(self._local, "http"):
            self._local.http = loopback_session()
            self._made.append(self._local.http)
        answer: requests.Response = self._local.http.post(
            site.center.url(path), data=form, auth=site.auth, timeout=60
        )
        return answer

    def at_once(self, *calls: Callable[[], T]) -> list[T]:
        """Make all calls at the same time and return what they return."""
        gate = threading.Barrier(len(calls))

        def call(one: Callable[[], T]) -> T:
            gate.wait()
            return one()

        return [running.result() for running in [self._pool.submit(call, one) for one in calls]]

    def all_post(self, site: Site, path: str, **form: str) -> list[dict[str, Any]]:
        """Let all fifty send the same, and return the answers, every one of which must be a success."""
        answers = self.at_once(*[lambda: self.post(site, path, **form)] * AT_ONCE)
        assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers][:3]
        return [answer.json() for answer in answers]


def signed_in(center: Center, user: User, browser: Browser) -> str:
    """Open a session as a login would, give the browser its cookie, and return the sid."""
    opened = center.services.sessions.open(
        user, remember=False, amr=("pwd",), user_agent="", address="", previous=None
    )
    browser.http.cookies.set("sso", opened.cookie, domain="sso.localhost", path="/")
    return opened.session.sid


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_of_fifty_parallel_refreshes_all_get_one_successor_and_one_access_token(
    center: Center, user: User, browser: Browser, pool: Crowd, form: str
) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH, access_token_format=form)
    signed_in(center, user, browser)
    tokens, had = tokens_for(browser, site), set()
    for _ in range(TIMES):
        answers = pool.all_post(
            site, "/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        )
        (given,) = {(answer["refresh_token"], answer["access_token"]) for answer in answers}
        center.secrets |= set(given)
        assert not had & set(given)
        had |= set(given)
        tokens = answers[0]
        assert site.introspect(tokens["access_token"])["active"]
    assert int(tokens["refresh_token"].split(".")[1]) == TIMES + 1


def test_of_fifty_parallel_checks_of_an_app_token_all_are_told_one_successor_whose_first_use_advances_once(
    center: Center, user: User, browser: Browser, pool: Crowd
) -> None:
    app = center.add_site(access_token_format="app")
    signed_in(center, user, browser)
    token = tokens_for(browser, app)["access_token"]
    for _ in range(3):
        center.move_clock(2 * 3600 + 1)
        told = pool.all_post(app, "/introspect", token=token)
        (successor,) = {answer["successor"] for answer in told}
        center.secrets.add(successor)
        used = pool.all_post(app, "/introspect", token=successor)
        assert all(answer["active"] and "successor" not in answer for answer in used)
        token = successor
    assert int(token.split(".")[1]) == 4


@pytest.mark.parametrize("form", ["opaque", "jwt"])
@pytest.mark.parametrize("what", ["revocation", "logout"])
def test_no_token_of_a_refresh_works_after_the_reply_to_the_revocation(
    center: Center, user: User, new_browser: Callable[..., Browser], pool: Crowd, what: str, form: str
) -> None:
    site = center.add_site(grant_types=CODE_AND_REFRESH, access_token_format=form)
    refreshed = 0
    for _ in range(ROUNDS):
        browser = new_browser()
        signed_in(center, user, browser)
        first = tokens_for(browser, site)

        def refresh_until_refused(token: str = first["refresh_token"]) -> list[dict[str, Any]]:
            answers: list[dict[str, Any]] = []
            while True:
                answer = pool.post(site, "/token", grant_type="refresh_token", refresh_token=token)
                if answer.status_code != 200:
                    assert answer.json()["error"] == "invalid_grant"
                    return answers
                answers.append(answer.json())
                token = answers[-1]["refresh_token"]

        def take_back(first: dict[str, Any] = first, browser: Browser = browser) -> list[dict[str, Any]]:
            if what == "revocation":
                assert pool.post(site, "/revoke", token=first["refresh_token"]).status_code == 200
            else:
                page = browser.get(center.url("/logout"), params={"id_token_hint": first["id_token"]})
                assert page.status in (200, 302, 303)
            # From here nothing works, whatever is under way.
            assert not site.introspect(first["access_token"])["active"]
            return [first]

        taken_back, answers = pool.at_once(take_back, refresh_until_refused)
        refreshed += bool(answers)
        for given in [*taken_back, *answers]:
            center.secrets |= {given["access_token"], given["refresh_token"]}
            assert not site.introspect(given["access_token"])["active"]
        last = (answers or taken_back)[-1]
        assert site.userinfo(last["access_token"]).status_code == 401
        assert not site.introspect(last["refresh_token"])["active"]
        refused = pool.post(site, "/token", grant_type="refresh_token", refresh_token=last["refresh_token"])
        assert refused.json()["error"] == "invalid_grant"
    # Rounds in which nothing was refreshed were no race.
    assert refreshed > ROUNDS // 10
