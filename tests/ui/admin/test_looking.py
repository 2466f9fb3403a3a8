"""What admins look at: the overview with its picture, the audit log and what is taken of it, the keys."""

import csv
import io
import json
import re

import pytest

from sso_center.core.sessions import PresenceSample
from sso_center.ui.admin.presence_chart import HEIGHT, SPANS, WIDTH, draw
from tests.ui.admin.conftest import Boss
from tests.ui.conftest import Member

UNTIL = 1_800_000_000_000


def test_the_overview_says_who_is_here_and_that_all_is_well(boss: Boss, member: Member) -> None:
    text = boss.get("/admin").text
    here = re.search(r'id="here-now">(\d+)<', text)
    assert here
    assert int(here[1]) >= 2
    assert text.count("reachable") == 2


@pytest.mark.parametrize("span", ["hour", "day", "week"])
def test_the_picture_is_drawn_on_the_server_and_told_in_numbers(boss: Boss, span: str) -> None:
    now = boss.center.services.clock()
    for back in range(5, 45, 5):  # the courier noted some of them itself, when the center ran then
        boss.center.services.history.note(now - back * 60_000, 1234, 5678)
    text = boss.get(f"/admin?span={span}").text
    assert '<svg viewBox="0 0 720 200" role="img"' in text
    assert "At most 1,234 people were here at once" in text
    assert re.search(r'<td role="cell" data-label="Sessions">5,678</td>', text)


def test_the_line_is_broken_where_nothing_is_known() -> None:
    values = [10, 20, None, 30]
    moments = [PresenceSample(UNTIL + at, value, value) for at, value in enumerate(values)]
    picture = draw(moments, SPANS["hour"], UNTIL)
    assert picture.people.count("M") == 2
    assert picture.top == 30
    assert f"{WIDTH}.0 0.0" in picture.people
    assert picture.people_area.endswith(f"L540.0 {HEIGHT}Z")
    assert draw([], SPANS["hour"], UNTIL).is_empty


@pytest.mark.parametrize(("value", "top"), [(0, 4), (4, 4), (5, 6), (31, 40), (121, 160), (9001, 10000)])
def test_the_top_of_the_picture_is_a_round_number(value: int, top: int) -> None:
    assert draw([PresenceSample(UNTIL, value, value)], SPANS["day"], UNTIL).top == top


def test_the_audit_log_is_filtered(boss: Boss, member: Member) -> None:
    name, tag = member.person.username, "admin:user:disable</code>"
    boss.do(f"/admin/users/{member.person.sub}/disable")
    for query in (f"user={name}", f"actor={boss.member.person.username}", f"user={name}&tag=admin:"):
        assert boss.get(f"/admin/audit?{query}").text.count(tag) == 1, query
    for query in ("tag=admin:keys:rotate", "until=2000-01-01", "since=2999-01-01", "address=192.0.2.1"):
        assert tag not in boss.get(f"/admin/audit?user={name}&{query}").text, query
    assert "Nothing is recorded" in boss.get("/admin/audit?user=nobody-here").text
    for query in ("since=yesterday", "until=2026-13-01", "cursor=x"):
        assert boss.get(f"/admin/audit?{query}").status == 400


def test_the_audit_log_is_taken_along_and_that_is_recorded(boss: Boss) -> None:
    someone = boss.center.add_person()
    for action in ("disable", "enable"):
        boss.do(f"/admin/users/{someone.sub}/{action}")
    query = f"user={someone.username}"
    page = boss.get(f"/admin/audit.jsonl?{query}")
    events = [json.loads(line) for line in page.text.splitlines()]
    assert [event["tag"] for event in events] == ["admin:user:enable", "admin:user:disable"]
    assert events[0]["sub"] == someone.sub
    assert page.headers["Content-Disposition"] == 'attachment; filename="audit.jsonl"'
    assert page.headers["Cache-Control"] == "no-store"
    assert boss.audited("admin:audit:export")["format"] == "jsonl"
    rows = list(csv.DictReader(io.StringIO(boss.get(f"/admin/audit.csv?{query}").text)))
    assert [row["tag"] for row in rows] == ["admin:user:enable", "admin:user:disable"]


def test_keys_are_rotated_one_family_or_all(boss: Boss) -> None:
    def active() -> dict[str, str]:
        return {key.purpose: key.kid for key in boss.center.services.keys.stored() if key.state == "active"}

    before = active()
    assert all(kid in boss.get("/admin/keys").text for kid in before.values())
    boss.do("/admin/keys/rotate?purpose=ES256")
    one = active()
    assert {purpose for purpose in one if one[purpose] != before[purpose]} == {"ES256"}
    assert boss.audited("admin:keys:rotate")["purpose"] == "ES256"
    boss.do("/admin/keys/rotate")
    assert not set(active().values()) & set(one.values())
    # Nobody is signed out by it.
    assert boss.get("/admin").status == 200


def test_no_page_needs_a_script(boss: Boss) -> None:
    for path in ("/admin", "/admin/sessions", "/admin/endings"):
        text = boss.get(path).text
        # The control of what only a script does is hidden until there is one.
        assert re.search(r'<button class="live" type="button" hidden', text)
        assert "<noscript" not in text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("users", {"email": "nobody"}),
        ("users", {"roles": "a|b"}),
        ("clients", {"client_id": "a b"}),
        ("clients", {"redirect_uris": "javascript:alert(1)"}),
        ("clients", {"redirect_uris": "https://a.example/#b"}),
        ("clients", {"redirect_uris": "https://me@a.example/"}),
        ("clients", {"frontchannel_logout_uri": "https://b.example/"}),
        ("clients", {"backchannel_logout_uri": "https://"}),
        ("clients", {"scopes": "a<b"}),
        ("clients", {"audiences": "a<b"}),
        ("clients", {"scopes": "offline_access"}),
        ("clients", {"scopes": "sso:admin"}),
        ("clients", {"refresh_token_lifetime": "1"}),
        ("clients", {"name": "a" * 999}),
    ],
)
def test_what_core_refuses_is_said_in_chinese_too(boss: Boss, path: str, fields: dict[str, str]) -> None:
    good = {"client_id": "an-id", "redirect_uris": "https://a.example/"} if path == "clients" else {}
    boss.get("/admin?lang=zh")
    page = boss.send(f"/admin/{path}/new", **({"username": "a-name"} | good | fields))
    found = re.search(r'role="alert">([^<]+)<', page.text)
    assert found, page.text
    assert re.search("[\u4e00-\u9fff]", found[1]), found[1]
    if "email" in fields:
        assert "nobody" in found[1]


def test_it_speaks_chinese(boss: Boss) -> None:
    for path in ("/admin", "/admin/end", "/admin/users", "/admin/clients/new", "/admin/audit", "/admin/keys"):
        page = boss.get(f"{path}?lang=zh")
        assert '<html lang="zh-Hans">' in page.text
        assert "管理台" in page.text
