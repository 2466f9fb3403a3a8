"""/endings: what was taken back, for the sites that it concerns, as JSON and as an event stream."""

import contextlib
import json
import shutil
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sso_center.base.errors import Unavailable
from sso_center.core.journal.entries import Entry
from sso_center.core.reasons import CENTER, Reason
from sso_center.protocols.endings.events import event
from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.rounds import rounds
from tests.harness.site import Site
from tests.harness.waiting import eventually
from tests.oidc.conftest import AFTER_LOGOUT, Member
from tests.oidc.event_stream import EventStream

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
TOKEN_REVOKED = "https://schemas.openid.net/secevent/oauth/event-type/token-revoked"


@pytest.fixture
def site(center: Center) -> Site:
    """A site of this test's own: what the courier ends of other tests' sessions concerns it never."""
    return center.add_site(post_logout_redirect_uris=(AFTER_LOGOUT,))


@pytest.fixture
def other_site(center: Center) -> Site:
    """Another one."""
    return center.add_site()


def ask(site: Site, after: str = "", method: str = "GET", **options: Any) -> requests.Response:
    options.setdefault("auth", site.auth)
    options.setdefault("params", {"after": after} if after else {})
    return site.http.request(method, site.center.url("/endings"), timeout=60, **options)


def position(site: Site) -> str:
    return str(ask(site).json()["position"])


def told(site: Site, after: str) -> list[dict[str, Any]]:
    answer = ask(site, after).json()
    assert answer["is_whole"]
    return list(answer["endings"])


def only(site: Site, after: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return type, subject and event of the one ending that was told."""
    (ending,) = told(site, after)
    ((kind, event),) = ending["events"].items()
    assert ending["sub_id"].pop("format") == "complex"
    assert ending["iat"] == event["at"] // 1000 == event["event_timestamp"]
    assert ending["position"].rpartition(":")[0] == after.rpartition(":")[0]
    return kind, ending["sub_id"], event


def assert_refused(answer: requests.Response, status: int, error: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error


def user(center: Center, sub: str) -> dict[str, Any]:
    return {"user": {"format": "iss_sub", "iss": center.issuer, "sub": sub}}


def opaque(name: str, id: str) -> dict[str, Any]:
    return {name: {"format": "opaque", "id": id}}


# What is told


def test_without_a_position_nothing_is_told_but_the_present_one(member: Member, site: Site) -> None:
    answer = ask(site)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.json()["is_whole"], answer.json()["endings"]) == (True, [])
    lineage, _, number = answer.json()["position"].rpartition(":")
    assert lineage
    assert number.isdigit()


def test_a_logout_is_told_to_the_sites_of_the_session(
    sign_in: Callable[[], Member], site: Site, other_site: Site, center: Center
) -> None:
    member, before = sign_in(), position(site)
    member.browser.submit(member.browser.get(center.url("/logout")), "logout-confirm")
    kind, subject, event = only(site, before)
    assert kind == CAEP + "session-revoked"
    assert subject == {**opaque("session", member.sid), **user(center, member.person.sub)}
    assert (event["reason"], event["initiating_entity"]) == ("logout", "user")
    assert told(other_site, before) == []
    assert told(site, position(site)) == []


def test_a_site_that_is_left_is_named(
    center: Center, site: Site, other_site: Site, new_browser: Callable[[], Browser], person: Person
) -> None:
    browser = new_browser()
    sid = site.sign_in(browser, person).sid
    other_site.sign_in(browser)
    before = position(site)
    assert center.services.endings.leave(sid, site.client_id, person.sub)
    kind, subject, event = only(site, before)
    assert kind == CAEP + "session-revoked"
    assert subject == {
        **opaque("session", sid),
        **user(center, person.sub),
        **opaque("application", site.client_id),
    }
    assert event["initiating_entity"] == "user"
    assert told(other_site, before) == []


def test_a_cut_off_tells_its_scope_and_instant(center: Center, site: Site) -> None:
    subjects = {
        "user": ("u123", user(center, "u123")),
        "client": (site.client_id, opaque("application", site.client_id)),
        "role": ("staff", opaque("group", "staff")),
    }
    for scope, (name, expected) in subjects.items():
        before = position(site)
        entry = center.services.mass_endings.cut_off(scope, name, Reason.ADMIN, "cli")  # type: ignore[arg-type]
        kind, subject, event = only(site, before)
        assert (kind, subject) == (CAEP + "session-revoked", expected)
        assert event == {
            "event_timestamp": entry.detail["at"] // 1000,
            "at": entry.detail["at"],
            "reason": "admin",
            "initiating_entity": "admin",
        }


def test_a_changed_person_is_told_to_every_site(center: Center, site: Site, other_site: Site) -> None:
    somebody = center.add_person()
    for change, reason in (
        (lambda: center.services.users.set_password(somebody.sub, "a long new password"), "password_change"),
        (lambda: center.services.users.update(somebody.sub, roles=("staff",)), "changed"),
        (lambda: center.services.users.update(somebody.sub, roles=()), "role_lost"),
        (lambda: center.services.users.set_disabled(somebody.sub, True), "disabled"),
    ):
        before = position(site)
        change()
        for one in (site, other_site):
            kind, subject, event = only(one, before)
            assert (kind, subject) == (CAEP + "token-claims-change", user(center, somebody.sub))
            assert event["reason"] == reason


def test_a_revoked_token_is_told_by_its_jti(center: Center, new_browser: Callable[[], Browser]) -> None:
    site, somebody = center.add_site(access_token_format="jwt"), center.add_person()
    token = site.sign_in(new_browser(), somebody).access_token
    given = center.services.tokens.find_revocable(token)
    assert given is not None
    before = position(site)
    assert site.post("/revoke", {"token": token}).status_code == 200
    kind, subject, event = only(site, before)
    assert (kind, subject) == (TOKEN_REVOKED, user(center, somebody.sub))
    assert event["jti"] == given.jti


def test_a_revoked_family_is_told_by_its_name(center: Center, site: Site, person: Person) -> None:
    before, family = position(site), "00" + "f" * 32
    center.services.revoker.revoke_family(family, sub=person.sub, client_id=site.client_id)
    kind, subject, event = only(site, before)
    assert (kind, subject) == (TOKEN_REVOKED, user(center, person.sub))
    assert event["families"] == [family]
    assert event["initiating_entity"] == "system"


def test_a_clients_own_revoked_token_names_the_client(center: Center) -> None:
    site = center.add_site(grant_types=("client_credentials",))
    token = site.post("/token", {"grant_type": "client_credentials"}).json()["access_token"]
    before = position(site)
    assert site.post("/revoke", {"token": token}).status_code == 200
    _, subject, event = only(site, before)
    assert subject == opaque("application", site.client_id)
    assert event["jti"]


def test_what_can_not_be_told_is_not_whole(site: Site) -> None:
    now = position(site)
    lineage, _, number = now.rpartition(":")
    for unknown in (f"another:{number}", f"{lineage}:{int(number) + 1}"):
        assert ask(site, unknown).json() == {"position": now, "is_whole": False, "endings": []}


def test_head_says_what_there_is(site: Site) -> None:
    answer = ask(site, method="HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    streamed = ask(site, method="HEAD", headers={"Accept": "text/event-stream"})
    assert (streamed.status_code, streamed.content) == (200, b"")
    assert streamed.headers["Content-Type"] == "text/event-stream; charset=utf-8"


@pytest.mark.parametrize(
    ("reason", "actor", "who"),
    [
        (Reason.LOGOUT, "u1", "user"),
        (Reason.LOGOUT, "client:shop", "user"),
        (Reason.LOGOUT, "u2", "admin"),
        (Reason.ADMIN, "client:robot", "admin"),
        (Reason.REMOVED, "cli", "admin"),
        (Reason.EXPIRED, CENTER, "policy"),
        (Reason.EVICTED, CENTER, "policy"),
        (Reason.REUSE, CENTER, "system"),
        (Reason.CHANGED, "", "system"),
    ],
)
def test_an_event_says_who_began_it(reason: Reason, actor: str, who: str) -> None:
    entry = Entry(1, "ending", 1_800_000_000_123, "00", "u1", "00sid", "", reason, actor, {})
    ((_, about),) = json.loads(event("https://sso.example.org", "x", entry))["events"].items()
    assert about["initiating_entity"] == who


# What is refused


@pytest.mark.parametrize("after", ["x", "x:", ":1", "x:-1", "x:1.5", "x:1 ", "x y:1", "x:" + "1" * 19, "é:1"])
def test_a_malformed_position_is_refused(site: Site, after: str) -> None:
    assert_refused(ask(site, after), 400, "invalid_request")


def test_a_malformed_last_event_id_is_refused(site: Site) -> None:
    assert_refused(ask(site, headers={"Last-Event-ID": "x"}), 400, "invalid_request")


def test_two_positions_are_refused(site: Site) -> None:
    assert_refused(ask(site, params=[("after", "x:1"), ("after", "x:2")]), 400, "invalid_request")


def test_who_has_no_secret_is_refused(site: Site, public_site: Site) -> None:
    assert_refused(ask(site, auth=None), 401, "invalid_client")
    assert_refused(ask(site, auth=(site.client_id, "wrong")), 401, "invalid_client")
    assert_refused(ask(site, auth=(public_site.client_id, "x")), 401, "invalid_client")
    stream = {"Accept": "text/event-stream"}
    assert_refused(ask(site, auth=(site.client_id, "wrong"), headers=stream), 401, "invalid_client")
    in_the_query = {"client_id": site.client_id, "client_secret": site.client_secret}
    assert_refused(ask(site, auth=None, params=in_the_query), 401, "invalid_client")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_refused(site: Site, method: str) -> None:
    answer = ask(site, method=method)
    assert_refused(answer, 405, "invalid_request")
    assert answer.headers["Allow"] == "GET"


def test_a_rotated_secret_is_refused_at_once(center: Center) -> None:
    site = center.add_site()
    assert ask(site).status_code == 200
    center.services.clients.rotate_secret(site.client_id)
    assert_refused(ask(site), 401, "invalid_client")


# Streams


def test_a_stream_tells_what_was_missed_and_then_what_comes(
    sign_in: Callable[[], Member], site: Site, center: Center
) -> None:
    one, two, before = sign_in(), sign_in(), position(site)
    center.services.endings.end_session(one.sid, Reason.ADMIN, "cli")
    with EventStream(site, before) as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.answer.headers["Cache-Control"] == "no-store"
        assert stream.answer.headers["X-Accel-Buffering"] == "no"
        assert stream.next() == {"event": "position", "id": before, "data": {"position": before}}
        missed = stream.next()
        assert missed["event"] == "ending"
        assert missed["data"]["sub_id"]["session"]["id"] == one.sid
        center.services.endings.end_session(two.sid, Reason.ADMIN, "cli")
        came = stream.next()
        assert came["data"]["sub_id"]["session"]["id"] == two.sid
        assert [missed["data"], came["data"]] == told(site, before)
        assert [missed["id"], came["id"]] == [one["position"] for one in told(site, before)]


def test_a_stream_tells_nothing_that_does_not_concern_the_site(
    sign_in: Callable[[], Member], other_site: Site, center: Center
) -> None:
    with EventStream(other_site) as stream:
        assert stream.next()["event"] == "position"
        center.services.endings.end_session(sign_in().sid, Reason.ADMIN, "cli")
        center.services.mass_endings.cut_off("client", other_site.client_id, Reason.ADMIN, "cli")
        assert stream.next()["data"]["sub_id"]["application"]["id"] == other_site.client_id


def test_what_a_reader_says_it_has_read_last_wins(
    sign_in: Callable[[], Member], site: Site, center: Center
) -> None:
    before = position(site)
    center.services.endings.end_session(sign_in().sid, Reason.ADMIN, "cli")
    now = position(site)
    with EventStream(site, before, **{"Last-Event-ID": now}) as stream:
        assert stream.next()["id"] == now
        center.services.mass_endings.cut_off("client", site.client_id, Reason.ADMIN, "cli")
        assert "application" in stream.next()["data"]["sub_id"]


def test_a_gap_is_told_as_one(site: Site) -> None:
    now = position(site)
    with EventStream(site, "another:5") as stream:
        assert stream.next()["id"] == "another:5"
        assert stream.next() == {"event": "reset", "id": now, "data": {"position": now}}


@pytest.mark.parametrize("lose", ["rotate_secret", "remove"])
def test_a_stream_ends_when_its_client_loses_its_rights(center: Center, lose: str) -> None:
    site, other = center.add_site(), center.add_site()
    with EventStream(site) as stream, EventStream(other) as stays:
        assert (stream.next()["event"], stays.next()["event"]) == ("position", "position")
        getattr(center.services.clients, lose)(site.client_id)
        # The courier takes back what a removed client held, which may be told before the stream ends.
        told = [event["data"]["sub_id"] for event in stream.rest() if event["event"] == "ending"]
        assert told in ([], [{"format": "complex", **opaque("application", site.client_id)}])
        center.services.mass_endings.cut_off("client", other.client_id, Reason.ADMIN, "cli")
        assert stays.next()["event"] == "ending"


def test_what_follows_the_feed_is_counted(center: Center) -> None:
    site = center.add_site()
    of_site = f'sso_feed_streams{{client_id="{site.client_id}"}} '

    def open_streams() -> float:
        lines = center.get("/metrics").text.splitlines()
        return next((float(line.removeprefix(of_site)) for line in lines if line.startswith(of_site)), 0.0)

    before = position(site)
    center.services.mass_endings.cut_off("client", site.client_id, Reason.ADMIN, "cli")
    assert len(told(site, before)) == 1
    with EventStream(site) as stream:
        stream.next()
        assert open_streams() == 1
        assert 'sso_feed_told_total{way="json"}' in center.get("/metrics").text
        # A worker that was killed took its streams with it, whatever it counted last.
        (counted,) = center.data_dir.glob("metrics/*/gauge_livesum_*.db")
        of_the_dead = shutil.copy(counted, counted.with_name("gauge_livesum_4194304.db"))
        assert open_streams() == 1
        assert not of_the_dead.exists()
    eventually(lambda: open_streams() == 0, what="the end of the stream")


# With several workers


@pytest.fixture(scope="module")
def busy(new_module_center: Callable[..., Center]) -> Center:
    return new_module_center(workers=2)


@pytest.mark.prove
def test_whatever_was_acknowledged_is_in_the_answer_of_every_worker(
    busy: Center, new_browser: Callable[[], Browser]
) -> None:
    site, somebody = busy.add_site(), busy.add_person()
    start, ended = position(site), list[str]()
    missing: list[str] = []
    answers: list[bool] = []
    sids = [[site.sign_in(new_browser(), somebody).sid for _ in range(max(rounds(60), 3))] for _ in range(3)]
    stop = threading.Event()

    def end(mine: list[str]) -> None:
        for sid in mine:
            # On a busy machine SQL may keep somebody waiting for too long: that is not acknowledged.
            with contextlib.suppress(Unavailable):
                busy.services.endings.end_session(sid, Reason.ADMIN, "cli")
                ended.append(sid)

    def poll() -> None:
        while not stop.is_set():
            before = list(ended)
            # Each on a connection of its own, so that now this worker answers and now that.
            answer = requests.get(
                busy.internal_url + "/endings", params={"after": start}, auth=site.auth, timeout=60
            )
            if answer.status_code == 200:
                heard = {one["sub_id"]["session"]["id"] for one in answer.json()["endings"]}
                missing.extend(sid for sid in before if sid not in heard)
                answers.append(answer.json()["is_whole"])

    pollers = [threading.Thread(target=poll) for _ in range(2)]
    enders = [threading.Thread(target=end, args=(mine,)) for mine in sids]
    for thread in (*pollers, *enders):
        thread.start()
    for thread in enders:
        thread.join()
    stop.set()
    for thread in pollers:
        thread.join()
    assert ended
    assert answers
    assert all(answers)
    assert missing == []


def test_a_stop_ends_streams_and_waits_for_none(new_center: Callable[..., Center]) -> None:
    stopped = new_center(workers=2)
    site = stopped.add_site()
    with EventStream(site) as one, EventStream(site) as two:
        assert one.next()["event"] == two.next()["event"] == "position"
        assert stopped.stop() == 0
        # Each ends as an answer does that is whole: nothing was cut off.
        assert list(one.rest()) == list(two.rest()) == []
