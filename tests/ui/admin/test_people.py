"""People in the console: finding, adding, changing, a new password, disabling, removing."""

import re
from collections.abc import Callable

from sso_center.base.profile import ADMIN, ProfileTable
from tests.harness.browser import Page
from tests.ui.admin.conftest import ROLE, Boss
from tests.ui.conftest import Member, set_as_before

SECRET = re.compile(r'<code id="secret">([^<]+)</code>')


def secret_on(page: Page) -> str:
    found = SECRET.search(page.text)
    assert found, page.text
    assert page.headers["Cache-Control"] == "no-store"
    return found[1]


def reach_on(question: Page) -> list[str]:
    return re.findall(r'id="reach-\w+">([^<]+)<', question.text)


def test_people_are_found_by_the_beginning_of_their_name(boss: Boss) -> None:
    someone = boss.center.add_person()
    text = boss.get(f"/admin/users?q={someone.username[:12]}").text
    assert someone.username in text
    assert boss.member.person.username not in text
    assert "Nobody is found" in boss.get("/admin/users?q=nobody-of-this-name").text


def test_whoever_is_added_gets_a_password_that_is_shown_once_and_must_be_changed(
    boss: Boss, sign_in: Callable[..., Member]
) -> None:
    question = boss.send("/admin/users/new", username="Carol", name="Carol C.", roles="staff, member")
    assert "member" in question.text
    page = boss.confirm(question)
    password = secret_on(page)
    boss.center.secrets.add(password)
    user = boss.center.services.users.find("carol")
    assert user is not None
    assert user.roles == ("member", "staff")
    assert boss.audited("admin:user:add")["sub"] == user.sub
    assert password not in boss.get(f"/admin/users/{user.sub}").text
    browser = boss.member.browser.twin()
    browser.http.cookies.clear()
    page = browser.log_in(browser.get(boss.center.url("/login")), "carol", password)
    assert "/login/new-password" in page.location
    browser.close()


def test_what_can_not_be_added_is_asked_for_again(boss: Boss) -> None:
    for fields, wrong in (
        ({"username": boss.member.person.username}, "username"),
        ({"username": "x", "email": "no address"}, "email"),
        ({"username": "x", "roles": "a|b"}, "roles"),
        ({"username": "\x07"}, "username"),
    ):
        page = boss.send("/admin/users/new", **fields)
        assert page.status == 400
        assert f'id="{wrong}"' in page.text
        assert (
            page.form("go-on").values["username"] == fields["username"].strip("\x07") or wrong == "username"
        )
        assert 'role="alert"' in page.text


def test_a_change_shows_what_it_changes_before_it_does(boss: Boss) -> None:
    someone = boss.center.add_person(roles=["staff"])
    question = boss.send(f"/admin/users/{someone.sub}/edit", name="Another Name", roles="member")
    assert "staff → member" in question.text
    assert boss.confirm(question).headers["Location"] == f"/admin/users/{someone.sub}"
    user = boss.center.services.users.get(someone.sub)
    assert (user.name, user.roles) == ("Another Name", ("member",))
    assert boss.audited("admin:user:change")["changed"] == ["name", "roles"]


def test_a_change_of_nothing_is_none(boss: Boss) -> None:
    someone = boss.center.add_person()
    version = boss.center.services.users.get(someone.sub).version
    page = boss.send(f"/admin/users/{someone.sub}/edit")
    assert page.headers["Location"] == f"/admin/users/{someone.sub}"
    assert boss.center.services.users.get(someone.sub).version == version


def test_a_form_that_lacks_a_field_leaves_it_and_the_roles(boss: Boss) -> None:
    known = {
        "email": "z@example.org",
        "email_verified": True,
        "groups": ["a", "b"],
        "address": {"country": "DE"},
    }
    someone = boss.center.add_person(roles=["staff"])
    boss.center.services.users.update(someone.sub, profile=known)
    path = f"/admin/users/{someone.sub}/edit"
    token = boss.get(path).form("go-on").values["csrf_token"]
    sent = {"csrf_token": token, "name": "Zoë"}
    boss.confirm(boss.member.browser.post(boss.center.url(path), sent, origin=boss.center.issuer))
    user = boss.center.services.users.get(someone.sub)
    assert (user.username, user.roles, user.profile) == (
        someone.username, ("staff",), {**known, "name": "Zoë"}
    )  # fmt: skip


def test_a_stored_value_that_is_no_longer_valid_does_not_block_the_form(boss: Boss) -> None:
    someone = boss.center.add_person()
    set_as_before(boss.center, someone.sub, zoneinfo="Old/Zone")
    boss.confirm(boss.send(f"/admin/users/{someone.sub}/edit", name="Zoë"))
    profile = boss.center.services.users.get(someone.sub).profile
    assert (profile["name"], profile["zoneinfo"]) == ("Zoë", "Old/Zone")


def test_disabling_shows_whom_it_touches_and_signs_them_out(boss: Boss, member: Member) -> None:
    site = boss.center.add_site()
    site.visit(member.browser)
    question = boss.get(f"/admin/users/{member.person.sub}/disable")
    assert reach_on(question) == ["1", "1", "1"]
    boss.confirm(question)
    assert not member.is_signed_in
    entry = boss.audited("admin:user:disable")
    assert (entry["sub"], entry["address"]) == (member.person.sub, "127.0.0.1")
    boss.do(f"/admin/users/{member.person.sub}/enable")
    assert not boss.center.services.users.get(member.person.sub).is_disabled
    assert boss.audited("admin:user:enable")["sub"] == member.person.sub


def test_a_new_password_ends_the_old_one_and_must_be_changed(boss: Boss, member: Member) -> None:
    question = boss.get(f"/admin/users/{member.person.sub}/password")
    assert reach_on(question) == ["1", "1", "0"]
    password = secret_on(boss.confirm(question))
    boss.center.secrets.add(password)
    assert not member.is_signed_in
    users = boss.center.services.users
    assert users.get(member.person.sub).must_change_password
    assert users.authenticate(member.person.username, password) is not None
    assert users.authenticate(member.person.username, member.person.password) is None
    assert password not in str(boss.audited("admin:password:set"))


def test_whoever_is_removed_is_gone(boss: Boss, member: Member) -> None:
    question = boss.get(f"/admin/users/{member.person.sub}/remove")
    assert reach_on(question) == ["1", "1", "0"]
    assert boss.confirm(question).headers["Location"] == "/admin/users"
    assert not member.is_signed_in
    assert boss.center.services.users.find(member.person.username) is None
    assert boss.get(f"/admin/users/{member.person.sub}").status == 404
    assert boss.audited("admin:user:remove")["sub"] == member.person.sub


def test_nobody_locks_themselves_out(boss: Boss) -> None:
    for action in ("disable", "remove", "password"):
        assert boss.get(f"/admin/users/{boss.sub}/{action}").status == 400
    page = boss.send(f"/admin/users/{boss.sub}/edit", roles="")
    assert page.status == 400
    assert "your own account" in page.text
    assert boss.center.services.users.get(boss.sub).has_role(ROLE)


def test_a_name_that_is_markup_stays_text(boss: Boss) -> None:
    name = "<script>alert(1)</script>"
    question = boss.send("/admin/users/new", username=name, name=name, email='"><b>@x')
    assert question.status == 200
    pages = [question, boss.confirm(question)]
    user = boss.center.services.users.find(name)
    assert user is not None
    boss.center.secrets.add(secret_on(pages[1]))
    paths = ("/admin/users?q=%3Cscript", f"/admin/users/{user.sub}", f"/admin/users/{user.sub}/edit")
    pages += [
        boss.get(path) for path in (*paths, f"/admin/users/{user.sub}/disable", "/admin/audit?text=%3Cb%3E")
    ]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<b>@x" not in page.text
    assert "&lt;script&gt;" in pages[2].text


def test_a_person_who_disowned_a_sign_in_is_pointed_out(boss: Boss, sign_in: Callable[..., Member]) -> None:
    member = sign_in()
    sid = boss.center.services.sessions.of_user(member.person.sub)[0].sid
    page = member.get(f"/account/sessions/{sid}/not-me")
    member.browser.submit(page, "disown-here", where="there")
    assert "it wasn't theirs" in boss.get(f"/admin/users/{member.person.sub}").text


def test_every_field_of_a_profile_is_asked_for_shown_and_changed(boss: Boss) -> None:
    someone = boss.center.add_person()
    edit = f"/admin/users/{someone.sub}/edit"
    asked = {name.partition(".")[0] for name in re.findall(r'name="([^"]+)"', boss.get(edit).text)}
    assert asked >= set(ProfileTable().editable_by(ADMIN))
    typed = {"nickname": "Zo", "email_verified": "yes", "groups": "b, a", "address.locality": "Köln"}
    question = boss.send(edit, **typed)
    for words in ("none → Zo", "no → yes", "none → a, b", "none → Köln"):
        assert words in question.text, words
    boss.confirm(question)
    user = boss.center.services.users.get(someone.sub)
    assert {"nickname": "Zo", "email_verified": True, "groups": ["a", "b"]}.items() <= user.profile.items()
    assert user.profile["address"] == {"locality": "Köln"}
    entry = boss.audited("admin:user:change")
    assert entry["changed"] == ["address", "email_verified", "groups", "nickname"]
    assert "Köln" not in str(entry)
    shown = boss.get(f"/admin/users/{someone.sub}").text
    for words in ("Nickname", "Zo", "a, b", "E-mail address is verified", "Köln"):
        assert words in shown, words


def test_a_box_that_stays_ticked_says_nothing_of_another_address(boss: Boss) -> None:
    someone = boss.center.add_person()
    users = boss.center.services.users
    users.update(someone.sub, profile={"email_verified": True})
    edit = f"/admin/users/{someone.sub}/edit"
    question = boss.send(edit, email="other@example.org")
    assert "yes → no" in question.text
    boss.confirm(question)
    assert "email_verified" not in users.get(someone.sub).profile
