"""What a field of a profile may hold, who may change it, and the fields that an operator adds."""

import json
from typing import Any

import pytest

from sso_center.base.errors import Invalid, SettingsError
from sso_center.base.profile import ADMIN, PERSON, ProfileTable
from sso_center.base.settings import load_settings
from sso_center.services import Services

TABLE = ProfileTable()


def stored(name: str, value: Any) -> Any:
    """Return what is stored of a value that an admin gives."""
    return TABLE.changed({}, {name: value}, ADMIN).get(name)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("given_name", "  Zoe\u0308 ", "Zoë"),
        ("email", " zoe@example.org ", "zoe@example.org"),
        ("picture", "https://cdn.example.org/zoe.png", "https://cdn.example.org/zoe.png"),
        ("birthdate", "1990-02-28", "1990-02-28"),
        ("birthdate", "0000-02-29", "0000-02-29"),
        ("birthdate", "1990", "1990"),
        ("zoneinfo", "America/Los_Angeles", "America/Los_Angeles"),
        ("locale", "zh-Hans-CN", "zh-Hans-CN"),
        ("locale", "en_US", "en-US"),
        ("phone_number", "+1 (425) 555-1212", "+14255551212"),
        ("phone_number", "+1 (604) 555-1234;ext=5678", "+16045551234;ext=5678"),
        ("address", {"locality": " Köln ", "street_address": "A 1\r\nB 2"}, None),
        ("address", "Domkloster 4, Köln", {"formatted": "Domkloster 4, Köln"}),
        ("address", '{"country": "DE"}', {"country": "DE"}),
        ("groups", ["b", "a", "b", " "], ["a", "b"]),
        ("groups", "Domain Users, staff", ["Domain Users", "staff"]),
        ("nickname", "   ", None),
    ],
)
def test_a_value_is_stored_in_one_form(name: str, value: Any, kept: Any) -> None:
    if name == "address" and kept is None:
        kept = {"street_address": "A 1\nB 2", "locality": "Köln"}
    assert stored(name, value) == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nickname", "x" * 201),
        ("nickname", "a\nb"),
        ("nickname", 7),
        ("email", "nobody"),
        ("email", "x" * 252 + "@y.z"),
        ("picture", "javascript:alert(1)"),
        ("picture", "javascript://example.org/%0aalert(1)"),
        ("website", "https://"),
        ("website", "https://user@example.org/"),
        ("profile", "https://example.org/a b"),
        ("profile", "https://[broken"),
        ("birthdate", "1990-02-29"),
        ("birthdate", "0000"),
        ("birthdate", "28.2.1990"),
        ("zoneinfo", "Europe/Atlantis"),
        ("zoneinfo", "../../etc/passwd"),
        ("locale", "e"),
        ("locale", "en-US-toolongsubtag"),
        ("phone_number", "0425 555 1212"),
        ("phone_number", "+1 425 CALL-ME"),
        ("phone_number", "+1234567890123456"),
        ("address", {"planet": "Mars"}),
        ("address", {"locality": "a\nb"}),
        ("address", "{not json"),
        ("groups", ["x" * 101]),
        ("groups", ["a,b"]),
        ("groups", [str(n) for n in range(101)]),
        ("groups", 7),
        ("email_verified", "perhaps"),
        ("preferred_username", "zoe"),
        ("updated_at", 1),
        ("no_such_field", "x"),
    ],
)
def test_what_a_field_can_not_hold_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        TABLE.changed({"email": "a@example.org"}, {name: value}, ADMIN)
    assert refused.value.field.partition(".")[0] == name


def test_all_fields_together_are_bounded() -> None:
    names = [name for name, field in TABLE.stored.items() if field.kind.name in ("text", "url")]
    long = {
        name: ("https://x/" if TABLE.stored[name].kind.name == "url" else "") + "中" * 190 for name in names
    }
    with pytest.raises(Invalid, match="at most 8000 bytes"):
        TABLE.changed({}, {**long, "groups": [f"{n}" + "x" * 90 for n in range(50)]}, ADMIN)


# Who changes what


@pytest.mark.parametrize("name", ["email", "email_verified", "phone_number_verified", "groups"])
def test_what_others_rely_on_is_not_for_the_person(services: Services, name: str) -> None:
    user = services.users.add(f"own-{name}")
    with pytest.raises(Invalid) as refused:
        services.users.update(user.sub, profile={name: "a@b" if name == "email" else "yes"}, editor=PERSON)
    assert refused.value.field == name
    assert services.users.get(user.sub) == user


@pytest.mark.parametrize(
    ("value", "flag"), [("email", "email_verified"), ("phone_number", "phone_number_verified")]
)
def test_another_value_is_not_the_one_that_was_verified(services: Services, value: str, flag: str) -> None:
    one, other = ("a@example.org", "b@example.org") if value == "email" else ("+4930123456", "+4930654321")
    user = services.users.add(f"verified-{value}", profile={value: one, flag: True})
    assert user.profile[flag] is True
    same = services.users.update(user.sub, profile={value: one, "nickname": "Z"})
    assert same.profile[flag] is True
    changed = services.users.update(user.sub, profile={value: other})
    assert flag not in changed.profile
    assert services.users.update(user.sub, profile={value: one, flag: True}).profile[flag] is True
    gone = services.users.update(user.sub, profile={value: ""})
    assert not {value, flag} & set(gone.profile)


def test_a_person_without_a_name_is_called_by_the_login_name(services: Services) -> None:
    user = services.users.add("nameless")
    assert user.name == "nameless"
    assert services.users.update(user.sub, profile={"name": "Some Name"}).name == "Some Name"
    assert services.users.update(user.sub, profile={"name": " "}).name == "nameless"


def test_the_profile_is_what_was_stored_in_the_copy_too(services: Services) -> None:
    profile = {"name": "Zoë", "address": {"country": "DE"}, "groups": ["a"], "email": "z@example.org"}
    user = services.users.add("whole-profile", profile=profile)
    assert services.users.get(user.sub).profile == user.profile == profile
    assert services.users.get(user.sub).changed_at == user.changed_at > 0


# The operator's fields


def table_of(*fields: dict[str, Any], editable: str = "all") -> ProfileTable:
    environ = {"SSO_PROFILE_FIELDS": json.dumps(fields), "SSO_PROFILE_EDITABLE": editable}
    return load_settings(environ).profile


def test_an_operator_adds_fields(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "sso.toml"
    file.write_text(
        '[[profile_fields]]\nname = "cost_center"\nscope = "work"\nlabel = "Cost center"\n'
        '[[profile_fields]]\nname = "badge"\ntype = "url"\nclaim = "https://x.example/badge"\n'
        "person_edits = true\n"
    )
    table = load_settings({"SSO_CONFIG": str(file)}).profile
    cost_center, badge = table.declared
    assert (cost_center.label, cost_center.told_as) == ("Cost center", "cost_center")
    assert cost_center.scope == "work"
    assert (badge.label, badge.told_as, badge.scope) == ("Badge", "https://x.example/badge", "profile")
    assert list(table.scopes) == ["profile", "email", "phone", "address", "groups", "work"]
    assert "badge" in table.editable_by(PERSON)
    assert "cost_center" not in table.editable_by(PERSON)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"name": "Cost"}, "not a field's name"),
        ({"name": "email"}, "email: this name is taken"),
        ({"name": "roles"}, "roles: this name is taken"),
        ({"name": "password"}, "taken"),
        ({"name": "x", "claim": "sub"}, "x: the claim sub has a meaning of its own"),
        ({"name": "x", "claim": "roles"}, "the claim roles"),
        ({"name": "x", "claim": "exp"}, "the claim exp"),
        ({"name": "x", "claim": "email_verified"}, "the claim email_verified"),
        ({"name": "x", "claim": "updated_at"}, "the claim updated_at"),
        ({"name": "x", "claim": ""}, "x: claim should be a name"),
        ({"name": "x", "type": "password"}, "x: type should be one of text, "),
        ({"name": "x", "scope": "openid"}, "x: scope should be"),
        ({"name": "x", "scope": "two words"}, "x: scope should be"),
        ({"name": "x", "label": ""}, "x: label should have"),
        ({"name": "x", "colour": "red"}, "x: colour is unknown"),
        ({"name": "x", "person_edits": "yes"}, "x: person_edits should be true or false"),
    ],
)
def test_a_field_that_would_shadow_another_or_is_malformed_stops_the_start(
    field: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        table_of(field)
    assert refused.value.message.startswith("SSO_PROFILE_FIELDS is ")
    assert said in refused.value.message


def test_a_name_or_claim_given_twice_stops_the_start() -> None:
    for second in ({"name": "one"}, {"name": "two", "claim": "one"}):
        with pytest.raises(SettingsError, match="one"):
            table_of({"name": "one"}, second)


def test_what_is_no_list_of_fields_stops_the_start() -> None:
    for raw in ("{", '{"name": "x"}', '["x"]'):
        with pytest.raises(SettingsError, match="SSO_PROFILE_FIELDS"):
            load_settings({"SSO_PROFILE_FIELDS": raw})


def test_an_operator_says_what_people_may_edit() -> None:
    assert list(table_of(editable="nickname, locale").editable_by(PERSON)) == ["nickname", "locale"]
    assert table_of(editable="nothing").editable_by(PERSON) == {}
    assert "email" in table_of(editable="nothing").editable_by(ADMIN)
    for wrong in ("email", "groups", "no_such_field"):
        with pytest.raises(SettingsError, match="SSO_PROFILE_EDITABLE"):
            table_of(editable=wrong)


def test_a_value_of_another_kind_than_its_field_has_now_is_not_told() -> None:
    table = table_of({"name": "floor", "type": "yes_or_no"})
    assert table.values({"floor": "third"})["floor"] is False
