"""What the endpoints answer while a store is away: 503, nothing issued, every cookie kept."""

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from sso_center.core.reasons import Reason
from sso_center.protocols.api import Answer, Call, respond
from sso_center.protocols.endings import endpoints
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.core import core_in
from tests.harness.site import SignedIn, Site
from tests.harness.waiting import eventually
from tests.oidc.event_stream import EventStream
from tests.oidc.exchange import CODE_AND_REFRESH, post_token, refresh, refreshed, revoke, tokens_for
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import ValkeyServer


@dataclass
class Place:
    """A center with a Redis of its own, and a site."""

    center: Center
    redis: ValkeyServer
    site: Site


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, new_module_center: Callable[..., Center]
) -> Iterator[Place]:
    redis = ValkeyServer(tmp_path_factory.mktemp("redis")).start()
    try:
        center = new_module_center(settings={"SSO_REDIS_URL": redis.url})
        kinds = (*CODE_AND_REFRESH, "client_credentials")
        yield Place(center, redis, center.add_site(grant_types=kinds))
    finally:
        redis.kill()


@pytest.fixture
def first(place: Place, browser: Browser) -> SignedIn:
    """What the site got when somebody signed in with `browser`."""
    return place.site.sign_in(browser, place.center.add_person())


@contextmanager
def sql_away(center: Center) -> Iterator[None]:
    """Let nobody write to the center's SQLite file."""
    connection = sqlite3.connect(center.data_dir / "center.db", isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def test_without_redis_everything_waits_and_nothing_is_lost(
    place: Place, browser: Browser, first: SignedIn
) -> None:
    attempt, site = place.site.attempt(), place.site
    code = site.code_for(browser, attempt)
    token = {"token": first.access_token}
    place.redis.kill()

    for path in ("/authorize?" + attempt.url.partition("?")[2], "/logout"):
        page = browser.get(site.center.url(path))
        assert page.status == 503, path
        assert int(page.headers["Retry-After"]) > 0
        assert not page.set_cookies
        assert "<html" in page.text
    check = {"json": {"sids": [first.sid]}, "auth": site.auth}
    for answer in (
        site.redeem(code, attempt),
        site.post("/introspect", token),
        site.userinfo(first.access_token),
        site.http.post(site.center.url("/endings/check"), timeout=60, **check),
        refresh(site, first.answer["refresh_token"]),
        post_token(site, grant_type="client_credentials"),
        revoke(site, first.access_token),
        revoke(site, first.answer["refresh_token"]),
    ):
        assert answer.status_code == 503, answer.url
        assert answer.json()["error"] == "temporarily_unavailable"
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Cache-Control"] == "no-store"
    # What needs no store is still told.
    assert site.center.get("/jwks.json").status_code == 200

    place.redis.start()
    eventually(lambda: site.post("/introspect", token).status_code == 200, what="the return of Redis")
    assert site.introspect(first.access_token)["active"] is True
    assert refresh(site, first.answer["refresh_token"]).status_code == 200
    assert "code" in browser.get(site.attempt(prompt="none").url).query


def test_without_sql_a_logout_counts_at_the_center_and_is_finished_later(
    place: Place, browser: Browser, first: SignedIn
) -> None:
    site = place.site
    url = f"{site.center.issuer}/logout?id_token_hint={first.id_token}"
    with sql_away(place.center):
        page = browser.get(url)
        assert page.status == 503
        assert int(page.headers["Retry-After"]) > 0
        assert not page.set_cookies
        assert "they will follow" in page.text
        # Out at the center at once, and other people's answers go on.
        assert not site.is_alive(first.sid)
        assert site.introspect(first.access_token) == {"active": False}
        assert browser.get(site.attempt(prompt="none").url).query["error"] == "login_required"
    assert browser.get(url).status == 200


def test_without_sql_a_replayed_code_is_refused_as_unavailable_until_it_is_recorded(
    place: Place, browser: Browser, first: SignedIn
) -> None:
    site, attempt = place.site, place.site.attempt()
    code = site.code_for(browser, attempt)
    token = site.redeem(code, attempt).json()["access_token"]
    with sql_away(place.center):
        assert site.redeem(code, attempt).status_code == 503
    assert site.redeem(code, attempt).json()["error"] == "invalid_grant"
    assert site.introspect(token) == {"active": False}


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_without_sql_a_revocation_counts_at_once_and_is_asked_for_again(
    place: Place, first: SignedIn, kind: str
) -> None:
    site = place.site
    with sql_away(place.center):
        answer = revoke(site, first.answer[kind])
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert site.introspect(first.answer[kind]) == {"active": False}
    assert revoke(site, first.answer[kind]).status_code == 200
    assert site.introspect(first.answer[kind]) == {"active": False}


def test_without_sql_a_spent_refresh_token_is_refused_as_unavailable_until_it_is_recorded(
    place: Place, first: SignedIn
) -> None:
    site = place.site
    second = refreshed(site, first.answer["refresh_token"])
    third = refreshed(site, second["refresh_token"])
    place.center.move_clock(700)
    with sql_away(place.center):
        assert refresh(site, first.answer["refresh_token"]).status_code == 503
        # Nobody gets anything meanwhile.
        assert refresh(site, third["refresh_token"]).status_code in (400, 503)
    assert refresh(site, first.answer["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(site, third["refresh_token"]).json()["error"] == "invalid_grant"


def test_without_sql_a_new_login_of_an_app_ends_the_one_before_all_the_same(
    place: Place, browser: Browser, first: SignedIn
) -> None:
    app = place.center.add_site(access_token_format="app")
    before = tokens_for(browser, app, device_id="phone")["access_token"]
    with sql_away(place.center):
        after = tokens_for(browser, app, device_id="phone")["access_token"]
        assert app.introspect(before) == {"active": False}
    assert app.introspect(after)["active"] is True


def test_without_sql_tokens_go_on(place: Place, first: SignedIn) -> None:
    site = place.site
    with sql_away(place.center):
        assert refresh(site, first.answer["refresh_token"]).status_code == 200
        assert post_token(site, grant_type="client_credentials").status_code == 200


def test_without_sql_single_sign_on_goes_on(place: Place, browser: Browser, first: SignedIn) -> None:
    with sql_away(place.center):
        assert place.site.sign_in(browser).sid == first.sid
        assert place.site.is_alive(first.sid)


def test_without_redis_the_feed_goes_on(place: Place, first: SignedIn) -> None:
    site = place.site

    def ask() -> requests.Response:
        return site.http.get(site.center.url("/endings"), auth=site.auth, timeout=60)

    before = ask().json()["position"]
    place.redis.kill()
    assert ask().json() == {"position": before, "is_whole": True, "endings": []}
    with EventStream(site) as stream:
        assert stream.next()["id"] == before
        place.redis.start()
        token = {"token": first.access_token}
        eventually(lambda: site.post("/introspect", token).status_code == 200, what="the return of Redis")
        site.center.services.mass_endings.cut_off("client", site.client_id, Reason.ADMIN, "cli")
        assert stream.next()["event"] == "ending"


@pytest.mark.needs_postgresql
def test_without_sql_the_feed_says_nothing_and_then_everything(tmp_path: Path) -> None:
    with (
        PostgresServer() as server,
        core_in(tmp_path, SSO_DATABASE_URL=server.new_database()) as core,
    ):
        (feed,) = [one for one in endpoints(core.services) if one.path == "/endings"]
        _, secret = core.services.clients.add("shop", redirect_uris=("https://shop.example/callback",))
        basic = f"Basic {base64.b64encode(f'shop:{secret}'.encode()).decode()}"

        def ask(after: str = "") -> tuple[Answer, dict[str, Any]]:
            query = f"after={after}" if after else ""
            answer = respond(feed, Call("GET", b"", {"HTTP_AUTHORIZATION": basic, "QUERY_STRING": query}))
            return answer, json.loads(answer.body)

        start = ask()[1]["position"]
        core.services.mass_endings.cut_off("user", "u1", Reason.ADMIN, "cli")
        server.kill()
        refused, said = ask(start)
        assert (refused.status, said["error"]) == (503, "temporarily_unavailable")
        assert int(dict(refused.headers)["Retry-After"]) > 0
        server.start()
        told = eventually(lambda: ask(start)[1].get("endings"), what="the return of SQL")
        assert [one["sub_id"]["user"]["sub"] for one in told] == ["u1"]
