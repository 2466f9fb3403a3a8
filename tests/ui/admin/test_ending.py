"""Ending from the console, one session and many, and the receipts of the sites."""

import re
from collections.abc import Callable

import pytest

from tests.harness.browser import Page
from tests.harness.center import Center
from tests.harness.receiver import Receiver
from tests.harness.waiting import eventually
from tests.ui.admin.conftest import ROLE, Boss
from tests.ui.admin.test_people import reach_on
from tests.ui.conftest import Member

KEEPER = "keeper"


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    """A center of its own, since some of these end everybody, where admins have another role."""
    return new_module_center(settings={"SSO_ADMIN_ROLE": KEEPER, "SSO_ADMIN_LOGIN_AGE": "600"})


def sid_of(member: Member) -> str:
    return member.center.services.sessions.of_user(member.person.sub)[0].sid


def eventually_says(boss: Boss, page: Page, text: str) -> None:
    path = page.headers["Location"]
    eventually(lambda: text in boss.get(path).text, what=f"{text} at {path}")


def test_sessions_are_found_by_person_site_and_address(boss: Boss, member: Member) -> None:
    site = boss.center.add_site(name="Tea & Things")
    site.visit(member.browser)
    row = f'href="/admin/sessions/{sid_of(member)}"'
    name = member.person.username
    for query in ("", f"user={name}", f"client={site.client_id}", f"user={name}&address=127.0.0.1"):
        text = boss.get(f"/admin/sessions?{query}").text
        assert row in text, query
        assert "Tea &amp; Things" in text
    for query in ("user=nobody-here", "address=192.0.2.9", f"user={boss.member.person.username}"):
        assert row not in boss.get(f"/admin/sessions?{query}").text, query


def test_a_cursor_that_is_none_begins_anew(boss: Boss, member: Member) -> None:
    assert sid_of(member) in boss.get("/admin/sessions?cursor=nonsense").text


def test_one_session_shows_its_sites_and_steps_and_can_be_ended(
    boss: Boss, member: Member, receiver: Receiver
) -> None:
    site = boss.center.add_site(name="Leaf Talk", backchannel_logout_uri=receiver.uri)
    site.sign_in(member.browser)
    sid = sid_of(member)
    page = boss.get(f"/admin/sessions/{sid}")
    assert page.text.count("Leaf Talk") >= 2
    assert "Chrome on Linux" in page.text
    question = boss.get(f"/admin/sessions/{sid}/end")
    assert reach_on(question) == ["1", "1", "1"]
    page = boss.confirm(question)
    assert not member.is_signed_in
    eventually_says(boss, page, "1 of 1 confirmed")
    assert "confirmed in" in boss.get(page.headers["Location"]).text
    audited = boss.audited("center:session:end")
    assert (audited["sid"], audited["reason"], audited["address"]) == (sid, "admin", "127.0.0.1")
    # Who had its page open finds out how it ended.
    assert boss.get(f"/admin/sessions/{sid}").headers["Location"] == page.headers["Location"]
    assert boss.get("/admin/sessions/nothing").status == 404


def test_a_site_that_does_not_answer_is_told_again_by_button(
    boss: Boss, member: Member, receiver: Receiver
) -> None:
    site = boss.center.add_site(backchannel_logout_uri=receiver.uri)
    site.sign_in(member.browser)
    receiver.answer(503)
    page = boss.do(f"/admin/sessions/{sid_of(member)}/end")
    eventually_says(boss, page, "because answered 503")
    address = page.headers["Location"]
    assert "0 of 1 confirmed" in boss.get(address).text
    assert address in boss.get("/admin/endings?open=yes").text
    assert address in boss.get(f"/admin/endings?client={site.client_id}").text
    receiver.answer(200)
    assert boss.do(f"{address}/deliver").headers["Location"] == address
    assert boss.audited("admin:notice:repeat")["entry"] == int(address.rsplit("/", 1)[1])
    eventually_says(boss, page, "1 of 1 confirmed")
    assert address not in boss.get("/admin/endings?open=yes").text


def test_an_ending_of_many_has_a_row_a_site_and_one_site_is_told_again(
    boss: Boss, sign_in: Callable[..., Member], receiver: Receiver
) -> None:
    good = boss.center.add_site(name="Good & Sons", backchannel_logout_uri=receiver.uri)
    dead = boss.center.add_site(name="Dead End", backchannel_logout_uri="http://127.0.0.1:9/logout")
    person = boss.center.add_person()
    for _ in range(2):
        browser = sign_in(person).browser
        for site in (good, dead):
            site.sign_in(browser)
    page = boss.do(f"/admin/end/user?name={person.username}")
    eventually_says(boss, page, "because connection refused")
    eventually_says(boss, page, "2 of 4 confirmed")
    text = boss.get(page.headers["Location"]).text
    table = text[text.index('id="sites"') :].partition("</table>")[0]
    # Who does not answer stands first, and it alone may be told again.
    assert table.index("Dead End") < table.index("Good &amp; Sons")
    assert table.count("0 of 2 confirmed") == table.count("2 of 2 confirmed") == 1
    assert table.count("/deliver?client=") == 1
    address = f"{page.headers['Location']}/deliver?client={dead.client_id}"
    question = boss.get(address)
    assert "Tell Dead End again?" in question.text
    boss.confirm(question)
    entry = boss.audited("admin:notice:repeat")
    assert (entry["client_id"], entry["sub"]) == (dead.client_id, person.sub)
    assert 'role="status" data-live>2 of 4 confirmed<' in text
    # In the list of all it stands once, and its sessions don't hide the rest.
    newest = re.findall(r'"/admin/endings/(\d+)"', boss.get("/admin/endings").text)[0]
    assert page.headers["Location"].endswith(f"/{newest}")


@pytest.mark.parametrize("scope", ["user", "client", "role"])
def test_a_scope_shows_whom_it_touches_and_ends_them(
    boss: Boss, sign_in: Callable[..., Member], scope: str
) -> None:
    role = f"crew-{scope}"
    people = [boss.center.add_person(roles=[role]) for _ in range(2)]
    members = [sign_in(people[0]), sign_in(people[0]), sign_in(people[1])]
    bystander, site = sign_in(), boss.center.add_site()
    for member in members:
        site.sign_in(member.browser)
    name = {"user": people[0].username, "client": site.client_id, "role": role}[scope]
    question = boss.member.browser.submit(boss.get("/admin/end"), f"ask-{scope}", name=name)
    assert reach_on(question) == (["1", "2", "1"] if scope == "user" else ["2", "3", "1"])
    page = boss.confirm(question)
    entry = boss.audited("center:cut-off:set")
    assert (entry["scope"], entry["address"]) == (scope, "127.0.0.1")
    ended = {"user": [True, True, False], "client": [False] * 3, "role": [True] * 3}[scope]
    assert [not member.is_signed_in for member in members] == ended
    if scope == "client":
        assert not site.is_alive(sid_of(members[0]))
    assert bystander.is_signed_in
    eventually_says(boss, page, f"Sessions ended: {3 if scope == 'client' else ended.count(True)}.")


def test_everybody_is_out_and_the_admin_is_warned_that_they_are_among_them(
    boss: Boss, member: Member
) -> None:
    for path in ("everyone", f"role?name={KEEPER}", f"user?name={boss.member.person.username}"):
        assert "You are among them" in boss.get(f"/admin/end/{path}").text, path
    page = boss.do("/admin/end/everyone")
    assert not member.is_signed_in
    browser, person = boss.member.browser, boss.member.person
    login = browser.get(browser.get(page.location).location)
    # After the login the way leads on to what came of it.
    assert browser.log_in(login, person.username, person.password).location == page.location
    assert "Everybody" in browser.get(page.location).text


@pytest.mark.parametrize("path", ["user?name=nobody-here", "client?name=nothing", "role?name=a|b", "role"])
def test_who_is_not_there_can_not_be_ended(boss: Boss, path: str) -> None:
    page = boss.get(f"/admin/end/{path}")
    assert page.status == 404
    assert 'role="alert"' in page.text
    assert 'aria-invalid="true"' in page.text
    if path.startswith("user"):
        assert page.form("ask-user").values["name"] == "nobody-here"


@pytest.mark.parametrize(
    "path",
    [
        "/admin/end/planet",
        "/admin/endings/999999",
        "/admin/endings/x",
        f"/admin/endings/{10**24}",
        f"/admin/endings/{10**24}/deliver",
        "/admin/clients/nothing",
    ],
)
def test_what_is_not_there_is_not_found(boss: Boss, path: str) -> None:
    assert boss.get(path).status == 404


def test_the_role_and_the_age_of_a_login_are_settings(boss: Boss, sign_in: Callable[..., Member]) -> None:
    assert sign_in(boss.center.add_person(roles=[ROLE])).get("/admin").status == 403
    boss.center.move_clock(540)
    assert boss.get("/admin").status == 200
    boss.center.move_clock(61)
    assert boss.get("/admin").headers["Location"].startswith("/login?")
