"""Who may call the API: a client registered for it, with a token of its own, and nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from sso_center.base.actor import Actor
from sso_center.base.errors import Invalid
from tests.admin_api.robot import BASE, Robot, token_of
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.site import SignedIn, Site

ADMIN = {"grant_types": ("client_credentials",), "scopes": ("sso:admin",)}


def add(center: Center, client_id: str, **registration: Any) -> str:
    _, secret = center.services.clients.add(client_id, **registration)
    center.secrets.add(secret or "none")
    return secret or ""


def challenge(answer: Any) -> str:
    return str(answer.headers["WWW-Authenticate"])


def test_a_registered_client_may(robot: Robot) -> None:
    assert robot.get("/presence")["sessions"] >= 0


def test_without_a_token_nothing_is_told(robot: Robot) -> None:
    answer = robot.ask("GET", "/presence", status=401, token="")
    assert challenge(answer) == 'Bearer realm="sso"'


@pytest.mark.parametrize("token", ["x", "a.b.c", "a.b.c.d", "00" + "x" * 43])
def test_what_is_no_token_is_refused(robot: Robot, token: str) -> None:
    answer = robot.ask("GET", "/presence", status=401, token=token)
    assert answer.json()["error"] == "invalid_token"
    assert 'error="invalid_token"' in challenge(answer)


def test_a_token_in_the_query_is_not_looked_at(robot: Robot) -> None:
    robot.ask("GET", "/presence", status=401, token="", access_token=robot.token)


def test_a_token_without_the_scope_is_refused(robot: Robot, admin_center: Center) -> None:
    secret = add(admin_center, "weak", grant_types=("client_credentials",), scopes=("read",))
    token = token_of(admin_center, "weak", secret).json()["access_token"]
    answer = robot.ask("GET", "/presence", status=403, token=token)
    assert answer.json()["error"] == "insufficient_scope"
    assert 'scope="sso:admin"' in challenge(answer)


def test_a_token_for_less_than_its_client_may_is_refused(robot: Robot, admin_center: Center) -> None:
    secret = add(admin_center, "modest", grant_types=("client_credentials",), scopes=("sso:admin", "read"))
    token = token_of(admin_center, "modest", secret, scope="read").json()["access_token"]
    robot.ask("GET", "/presence", status=403, token=token)


def test_a_scope_that_is_taken_away_counts_at_once(robot: Robot, admin_center: Center) -> None:
    secret = add(admin_center, "demoted", **ADMIN)
    token = token_of(admin_center, "demoted", secret).json()["access_token"]
    robot.ask("GET", "/presence", token=token)
    admin_center.services.clients.update("demoted", scopes=())
    robot.ask("GET", "/presence", status=403, token=token)


def test_the_token_of_a_removed_client_is_refused(robot: Robot, admin_center: Center) -> None:
    secret = add(admin_center, "gone", **ADMIN)
    token = token_of(admin_center, "gone", secret).json()["access_token"]
    admin_center.services.administration.clients.remove(Actor("cli"), "gone")
    robot.ask("GET", "/presence", status=401, token=token)


def test_a_client_that_was_cut_off_is_refused(robot: Robot, admin_center: Center) -> None:
    secret = add(admin_center, "cut", **ADMIN)
    token = token_of(admin_center, "cut", secret).json()["access_token"]
    list(admin_center.services.mass_endings.end("client", "cut", "admin", "cli"))  # type: ignore[arg-type]
    robot.ask("GET", "/presence", status=401, token=token)


def test_an_expired_token_is_refused(robot: Robot, admin_center: Center) -> None:
    admin_center.move_clock(2 * 86400)
    robot.ask("GET", "/presence", status=401)
    robot.renew().get("/presence")


def test_a_signed_token_of_its_own_is_as_good(robot: Robot, admin_center: Center) -> None:
    secret = add(admin_center, "signed", access_token_format="jwt", **ADMIN)
    token = token_of(admin_center, "signed", secret).json()["access_token"]
    assert token.count(".") == 2
    robot.ask("GET", "/presence", token=token)


def test_a_person_s_token_is_refused(
    robot: Robot, admin_center: Center, site: Site, new_browser: Callable[..., Browser]
) -> None:
    signed_in = site.sign_in(new_browser(), admin_center.add_person(roles=("admin",)))
    robot.ask("GET", "/presence", status=403, token=signed_in.access_token)


def test_a_person_s_token_is_refused_even_if_the_scope_came_into_it(
    robot: Robot, admin_center: Center, new_browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The rule that keeps the scope from such clients taken away: what checks the token stands by itself.
    monkeypatch.setattr("sso_center.core.clients.rules._check_admin", lambda *_: None)
    site = admin_center.add_site(scopes=("sso:admin",))
    browser = new_browser()
    attempt = site.attempt(scope="openid sso:admin")
    person = admin_center.add_person()
    page = browser.log_in(site.visit(browser, attempt), person.username, person.password)
    page = browser.follow(page, stop_at=site.redirect_uri)
    signed_in = site.finish(site.code_in(page, attempt), attempt)
    assert "sso:admin" in signed_in.answer["scope"].split()
    robot.ask("GET", "/presence", status=403, token=signed_in.access_token)


def test_a_token_that_is_for_another_api_too_is_refused(
    robot: Robot, admin_center: Center, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sso_center.core.clients.rules._check_admin", lambda *_: None)
    secret = add(admin_center, "shared", audiences=("shared", "https://api.example"), **ADMIN)
    token = token_of(admin_center, "shared", secret).json()["access_token"]
    robot.ask("GET", "/presence", status=403, token=token)


@pytest.mark.parametrize(
    ("registration", "field"),
    [
        ({"is_public": True, "redirect_uris": ("https://a.example/cb",)}, "scopes"),
        ({"redirect_uris": ("https://a.example/cb",)}, "scopes"),
        (
            {
                "redirect_uris": ("https://a.example/cb",),
                "grant_types": ("authorization_code", "client_credentials"),
            },
            "scopes",
        ),
        ({"is_public": True, "grant_types": ("client_credentials",)}, "grant_types"),
        ({"grant_types": ("client_credentials",), "audiences": ("https://api.example",)}, "audiences"),
    ],
)
def test_the_scope_is_for_nobody_that_a_person_or_another_api_could_get_it_through(
    admin_center: Center, registration: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        admin_center.services.clients.add("sly", **{"scopes": ("sso:admin",), **registration})
    assert refused.value.field == field


def test_a_client_that_has_the_scope_can_t_become_a_site(admin_center: Center) -> None:
    add(admin_center, "steady", **ADMIN)
    with pytest.raises(Invalid) as refused:
        admin_center.services.clients.update(
            "steady",
            redirect_uris=("https://a.example/cb",),
            grant_types=("authorization_code", "client_credentials"),
        )
    assert refused.value.field == "scopes"


def test_whatever_is_done_says_where_it_came_from(
    robot: Robot, admin_center: Center, sign_in: Callable[..., SignedIn]
) -> None:
    person, site, signed_in = admin_center.add_person(), admin_center.add_site(), sign_in()
    number = robot.ask("DELETE", f"/sessions/{signed_in.sid}").json()["number"]
    robot.ask("POST", f"/endings/{number}/deliver", {})
    robot.ask("POST", "/endings", {"scope": "user", "name": person.sub})
    robot.ask("PUT", f"/users/{person.sub}/disabled", {"disabled": True})
    robot.ask("DELETE", f"/users/{person.sub}", status=204)
    robot.ask("POST", f"/clients/{site.client_id}/try-logout")
    robot.ask("DELETE", f"/clients/{site.client_id}")
    found = robot.get("/audit", actor="client:robot", limit=30)["events"]
    told = {one["tag"] for one in found if one["address"] and one["request_id"]}
    assert told >= {
        "center:session:end",
        "admin:notice:repeat",
        "center:cut-off:set",
        "admin:user:disable",
        "admin:user:remove",
        "admin:client:try",
        "admin:client:remove",
    }


def test_the_document_is_for_everybody(admin_center: Center) -> None:
    answer = admin_center.get(f"{BASE}/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["servers"] == [{"url": admin_center.issuer}]


def test_a_page_of_another_site_can_t_call_it(admin_center: Center) -> None:
    answer = admin_center.http.options(admin_center.url(f"{BASE}/users"), timeout=60)
    assert answer.status_code == 405
    assert "Access-Control-Allow-Origin" not in answer.headers
