"""/account/profile: people change the fields of their profile that are theirs to change."""

import json
from collections.abc import Callable, Iterator

import pytest

from sso_center.base.profile import PERSON, ProfileTable
from sso_center.core.audit import Tag
from tests.harness.browser import Browser, Page
from tests.harness.center import Center
from tests.ui.conftest import Member, set_as_before

PROFILE = "/account/profile"


def save(member: Member, **typed: str) -> Page:
    """Fill in the form and send it."""
    return member.browser.submit(member.get(PROFILE), "profile-submit", **typed)


def profile_of(member: Member) -> dict[str, object]:
    return dict(member.center.services.users.get(member.person.sub).profile)


def test_the_form_asks_for_what_people_may_change_and_nothing_else(member: Member) -> None:
    names = {name.partition(".")[0] for name in member.get(PROFILE).form("profile-submit").values}
    assert names - {"csrf_token"} == set(ProfileTable().editable_by(PERSON))
    assert "edit-profile" in member.get("/account").text


def test_a_change_is_stored_shown_and_in_the_audit_log(member: Member) -> None:
    answer = save(member, **{"nickname": "Zo", "phone_number": "+49 30 123456", "address.locality": "Köln"})
    assert (answer.status, answer.location) == (303, member.center.url("/account"))
    assert "Your profile is changed." in member.get("/account").text
    known = {"nickname": "Zo", "phone_number": "+4930123456", "address": {"locality": "Köln"}}
    assert known.items() <= profile_of(member).items()
    form = member.get(PROFILE).form("profile-submit").values
    assert (form["nickname"], form["phone_number"], form["address.locality"]) == ("Zo", "+4930123456", "Köln")
    entry = member.center.services.audit.latest(1, sub=member.person.sub, tag=Tag.PROFILE_CHANGED)[0]
    assert (entry.actor, entry.address) == (member.person.sub, "127.0.0.1")
    assert entry.detail == {"changed": ["address", "nickname", "phone_number"]}


def test_what_is_left_as_it_is_is_no_change(member: Member) -> None:
    before = member.center.services.users.get(member.person.sub)
    assert save(member).status == 303
    assert "Nothing is different" in member.get("/account").text
    assert member.center.services.users.get(member.person.sub) == before


def test_a_form_that_lacks_a_field_leaves_it(member: Member) -> None:
    known = {
        "nickname": "Zo",
        "phone_number": "+4930123456",
        "address": {"locality": "Köln", "country": "DE"},
    }
    member.center.services.users.update(member.person.sub, profile=known)
    token = member.get(PROFILE).form("profile-submit").values["csrf_token"]
    sent = {"csrf_token": token, "gender": "x", "address.locality": "Bonn"}
    assert member.browser.post(member.center.url(PROFILE), sent, origin=member.center.issuer).status == 303
    assert profile_of(member).items() >= {
        **known, "gender": "x", "address": {"locality": "Bonn", "country": "DE"}
    }.items()  # fmt: skip


def test_a_stored_value_that_is_no_longer_valid_does_not_block_the_form(member: Member) -> None:
    set_as_before(member.center, member.person.sub, zoneinfo="Old/Zone", address={"locality": "x" * 300})
    assert save(member, nickname="Zo").status == 303
    known = profile_of(member)
    assert (known["nickname"], known["zoneinfo"]) == ("Zo", "Old/Zone")
    assert save(member, zoneinfo="Older/Zone").status == 400


def test_another_phone_number_is_not_the_verified_one(member: Member) -> None:
    profile = {"phone_number": "+4930123456", "phone_number_verified": True}
    member.center.services.users.update(member.person.sub, profile=profile)
    assert save(member, nickname="Z").status == 303
    assert profile_of(member)["phone_number_verified"] is True
    save(member, phone_number="+4930654321")
    assert "phone_number_verified" not in profile_of(member)


def test_a_wrong_value_is_explained_beside_what_was_typed(member: Member) -> None:
    before = profile_of(member)
    answer = save(member, birthdate="31.12.1999", nickname="Kept")
    assert answer.status == 400
    assert "is not a date" in answer.text
    assert answer.form("profile-submit").values["nickname"] == "Kept"
    assert profile_of(member) == before


def test_it_speaks_chinese(center: Center, sign_in: Callable[..., Member]) -> None:
    member = sign_in(language="zh-CN")
    page = member.get(PROFILE).text
    for words in ("您的个人资料", "昵称", "时区", "邮政编码", "保存"):
        assert words in page, words
    assert "昵称 最多 200 个可显示字符。" in save(member, nickname="x" * 201).text


@pytest.mark.parametrize("field", ["email", "email_verified", "groups"])
def test_a_field_that_is_not_theirs_is_not_changed_by_sending_it(member: Member, field: str) -> None:
    before = profile_of(member)
    save(member, **{field: "yes" if field == "email_verified" else "x@example.org"})
    assert profile_of(member) == before


def test_a_form_of_another_site_changes_nothing(member: Member) -> None:
    before = profile_of(member)
    page = member.browser.post(
        member.center.url(PROFILE), {"nickname": "X"}, origin="http://evil.localhost:1"
    )
    assert page.status in (303, 400, 403)
    member.browser.post(member.center.url(PROFILE), {"nickname": "X"})
    assert profile_of(member) == before


def test_nobody_who_is_not_signed_in_sees_it(center: Center, browser: Browser) -> None:
    assert "/login" in browser.get(center.url(PROFILE)).location


# What an operator says


@pytest.fixture
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    """A center at which nobody changes anything of their own."""
    center = Center(tmp_path_factory.mktemp("strict"), settings={"SSO_PROFILE_EDITABLE": "nothing"})
    try:
        yield center.start()
    finally:
        center.close()


def test_an_operator_turns_it_off(strict: Center, browser: Browser) -> None:
    person = strict.add_person()
    browser.log_in(browser.get(strict.url("/login")), person.username, person.password)
    assert "edit-profile" not in browser.get(strict.url("/account")).text
    assert browser.get(strict.url(PROFILE)).location == strict.url("/account")
    assert json.dumps(dict(strict.services.users.get(person.sub).profile))
