"""/endings/check: which sessions are alive, for a site that takes part in them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import Site
from tests.harness.waiting import eventually
from tests.oidc.conftest import Member


def ask(site: Site, content: Any, **options: Any) -> requests.Response:
    options.setdefault("auth", site.auth)
    return site.http.post(site.center.url("/endings/check"), json=content, timeout=60, **options)


def assert_refused(answer: requests.Response, status: int, error: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error


def test_a_living_session_is_alive(member: Member, site: Site) -> None:
    answer = ask(site, {"sids": [member.sid]})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["sids"] == {member.sid: "alive"}
    lineage, _, number = answer.json()["position"].rpartition(":")
    assert lineage
    assert number.isdigit()


def test_an_ended_session_is_ended_at_once(sign_in: Callable[[], Member], site: Site) -> None:
    one, two = sign_in(), sign_in()
    one.browser.submit(one.browser.get(site.center.url("/logout")), "logout-confirm")
    assert ask(site, {"sids": [one.sid, two.sid]}).json()["sids"] == {one.sid: "ended", two.sid: "alive"}


def test_the_position_grows_with_the_endings(
    sign_in: Callable[[], Member], site: Site, center: Center
) -> None:
    member, other = sign_in(), sign_in()
    before = ask(site, {"sids": [member.sid]}).json()["position"].rpartition(":")
    other.browser.submit(other.browser.get(site.center.url("/logout")), "logout-confirm")
    center.move_clock(2)

    def is_later() -> bool:
        after = ask(site, {"sids": [member.sid]}).json()["position"].rpartition(":")
        return bool(after[0] == before[0] and int(after[2]) > int(before[2]))

    eventually(is_later, what="a later position")


def test_a_session_that_the_site_never_joined_is_ended_for_it(member: Member, other_site: Site) -> None:
    assert ask(other_site, {"sids": [member.sid]}).json()["sids"] == {member.sid: "ended"}
    other_site.sign_in(member.browser)
    assert ask(other_site, {"sids": [member.sid]}).json()["sids"] == {member.sid: "alive"}


def test_an_api_may_ask_about_sessions_of_sites_whose_tokens_are_for_it(
    center: Center, person: Person, new_browser: Callable[[], Browser]
) -> None:
    api, stranger = center.add_site(), center.add_site()
    app = center.add_site(audiences=(api.client_id, "https://elsewhere.example"))
    browser = new_browser()
    sid = app.sign_in(browser, person).sid
    assert [asker.is_alive(sid) for asker in (api, stranger, app)] == [True, False, True]
    browser.submit(browser.get(center.url("/logout")), "logout-confirm")
    assert not api.is_alive(sid)


def test_what_is_no_session_is_ended(site: Site) -> None:
    sids = ["x", "00" + "a" * 22, "zz", "../../x", "a" * 64]
    assert ask(site, {"sids": sids}).json()["sids"] == dict.fromkeys(sids, "ended")


def test_an_idle_session_is_ended_when_its_time_is_over_and_asking_keeps_it(
    member: Member, site: Site, center: Center
) -> None:
    center.move_clock(2 * 3600 - 10)
    assert site.is_alive(member.sid)
    center.move_clock(2 * 3600 - 10)
    assert site.is_alive(member.sid)
    center.move_clock(2 * 3600 + 10)
    assert not site.is_alive(member.sid)


def test_a_hundred_may_be_asked_after_at_once(member: Member, site: Site) -> None:
    sids = [member.sid, *(f"{number:02x}" + "a" * 22 for number in range(99))]
    told = ask(site, {"sids": sids}).json()["sids"]
    assert len(told) == 100
    assert told[member.sid] == "alive"


def test_credentials_may_come_in_the_body(member: Member, site: Site) -> None:
    content = {"sids": [member.sid], "client_id": site.client_id, "client_secret": site.client_secret}
    assert ask(site, content, auth=None).json()["sids"] == {member.sid: "alive"}


@pytest.mark.parametrize(
    "content",
    [
        [],
        "x",
        None,
        {},
        {"sids": []},
        {"sids": "x"},
        {"sids": [1]},
        {"sids": [""]},
        {"sids": ["é"]},
        {"sids": [None]},
        {"sids": ["a" * 65]},
        {"sids": {"a": 1}},
        {"sids": ["a"] * 101},
        {"sids": ["a"], "client_id": 5},
        {"sids": ["a"], "client_secret": "\ud800"},
        {"sids": ["\ud800"]},
    ],
)
def test_a_question_of_another_form_is_refused(site: Site, content: Any) -> None:
    assert_refused(
        site.http.post(
            site.center.url("/endings/check"),
            data=json.dumps(content),
            headers={"Content-Type": "application/json"},
            auth=site.auth,
            timeout=60,
        ),
        400,
        "invalid_request",
    )


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 10_000, b'{"sids":["a"]'])
def test_what_is_no_json_is_refused(site: Site, body: bytes) -> None:
    answer = site.http.post(
        site.center.url("/endings/check"),
        data=body,
        headers={"Content-Type": "application/json"},
        auth=site.auth,
        timeout=60,
    )
    assert_refused(answer, 400, "invalid_request")


def test_a_form_is_refused(site: Site) -> None:
    assert_refused(site.post("/endings/check", {"sids": "x"}), 400, "invalid_request")


def test_too_large_a_question_is_refused(site: Site) -> None:
    assert_refused(ask(site, {"sids": ["a" * 60] * 1000}), 413, "invalid_request")


def test_nobody_may_ask_without_a_secret(member: Member, site: Site, public_site: Site) -> None:
    assert_refused(ask(site, {"sids": [member.sid]}, auth=None), 401, "invalid_client")
    assert_refused(ask(site, {"sids": [member.sid]}, auth=(site.client_id, "x")), 401, "invalid_client")
    content = {"sids": [member.sid], "client_id": public_site.client_id}
    assert_refused(ask(public_site, content, auth=None), 401, "invalid_client")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_refused(site: Site, method: str) -> None:
    answer = site.http.request(method, site.center.url("/endings/check"), auth=site.auth, timeout=60)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_a_rotated_secret_is_refused_at_once(member: Member, center: Center) -> None:
    site = center.add_site()
    sid = site.sign_in(member.browser).sid
    assert site.is_alive(sid)
    center.services.clients.rotate_secret(site.client_id)
    assert_refused(ask(site, {"sids": [sid]}), 401, "invalid_client")
