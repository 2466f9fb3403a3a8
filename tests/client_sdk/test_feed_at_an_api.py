"""An API drops what it knows of a token when it hears of its end."""

from collections.abc import Callable

import pytest

from client_sdk.testing import FakeCenter, Person
from tests.client_sdk.followed_sites import caught_up
from tests.client_sdk.sites import RunningSite
from tests.harness.browser import Browser


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("session", "jwt"),
        ("session", "opaque"),
        ("left", "jwt"),
        ("user", "jwt"),
        ("change", "jwt"),
        ("client", "jwt"),
        ("role", "jwt"),
        ("everyone", "jwt"),
        ("jti", "jwt"),
        ("jti", "opaque"),
    ],
)
def test_an_api_drops_what_it_knows_of_a_token_when_it_hears_of_its_end(
    new_site: Callable[..., RunningSite], center: FakeCenter, way: str, kind: str
) -> None:
    site = new_site(follow=True, token_cache=300)
    sid = center.log_in(Person("alice", roles=("staff",)))
    token = center.access_token("app", audience=site.client_id, kind=kind)
    other = center.client_token("robot", audience=site.client_id)

    def answers(text: str) -> int:
        headers = {"Authorization": f"Bearer {text}"}
        return Browser().get(site.url + "/api", headers=headers).status

    assert (answers(token), answers(other)) == (200, 200)
    caught_up(site)
    assert (answers(token), answers(other)) == (200, 200)
    asked = len(center.tokens_asked)
    ways: dict[str, Callable[[], object]] = {
        "session": lambda: center.end(sid),
        "left": lambda: center.leave(sid, "app"),
        "user": lambda: center.cut_off(sub="sub-of-alice"),
        "change": lambda: center.describe(Person("alice")),
        "client": lambda: center.cut_off(client_id="app"),
        "role": lambda: center.cut_off(role="staff"),
        "everyone": center.cut_off,
        "jti": lambda: center.revoke(token),
    }
    ways[way]()
    caught_up(site)
    assert answers(token) == (200 if way == "change" else 401)
    assert answers(other) == 200
    assert center.tokens_asked[asked:].count(token) == 1
