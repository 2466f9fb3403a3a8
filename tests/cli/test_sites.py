"""`sso-center clients`."""

import json

import pytest

from sso_center.core.audit import Tag
from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.site import new_site
from tests.harness.waiting import eventually
from tests.oidc.exchange import refresh

URI = "http://made.localhost:1/sso/callback"


def test_a_site_registered_beside_a_running_center_works_at_once(
    center: Center, person: Person, browser: Browser
) -> None:
    done = center.run(
        *("clients", "add", "made", "--redirect-uri", URI, "--redirect-uri", URI + "2", "--name", "Made"),
        *("--post-logout-redirect-uri", "http://made.localhost:1/", "--scope", "orders"),
        *("--backchannel-logout-uri", "http://127.0.0.1:1/out", "--home-uri", "http://made.localhost:1/"),
    )
    printed = json.loads(done.stdout)
    assert done.stderr == ""
    assert set(printed) == {"issuer", "client_id", "client_secret"}
    assert printed["issuer"] == center.issuer
    new_site(center, "made", printed["client_secret"], URI).sign_in(browser, person)

    shown = json.loads(center.run("clients", "show", "made").stdout)
    assert printed["client_secret"] not in json.dumps(shown)
    assert shown["id_token_alg"] == "ES256"
    assert shown["scopes"] == ["openid", "profile", "email", "orders"]
    assert shown["redirect_uris"] == [URI, URI + "2"]
    assert "Made" in center.run("clients", "list").stdout


def test_a_site_that_keeps_no_secret_gets_none(center: Center) -> None:
    printed = json.loads(center.run("clients", "add", "app", "--redirect-uri", URI, "--public").stdout)
    assert "client_secret" not in printed
    assert center.run("clients", "rotate-secret", "app", check=False).returncode == 1


def test_what_an_update_gives_is_changed_at_once_and_nothing_else(
    center: Center, person: Person, browser: Browser
) -> None:
    site = center.add_site(scopes=("orders",), backchannel_logout_uri="http://127.0.0.1:1/out")
    before = json.loads(center.run("clients", "show", site.client_id).stdout)
    done = center.run("clients", "update", site.client_id, "--redirect-uri", URI, "--redirect-uri", URI + "2")
    printed = json.loads(done.stdout)
    assert printed == {**before, "redirect_uris": [URI, URI + "2"], "version": before["version"] + 1}
    assert json.loads(center.run("clients", "show", site.client_id).stdout) == printed
    assert site.client_secret not in done.stdout + done.stderr

    new_site(center, site.client_id, site.client_secret, URI).sign_in(browser, person)
    refused = eventually(lambda: refusal_in(browser.get(site.attempt().url)))
    assert not refused.location

    noted = center.services.audit.latest(tag=Tag.CLIENT_CHANGED)[0]
    assert (noted.client_id, noted.actor) == (site.client_id, "cli")
    assert noted.detail == {"changed": ["redirect_uris"]}


def test_every_setting_of_a_site_can_be_changed(center: Center) -> None:
    site = center.add_site()
    given = {
        **{"--name": "Other", "--home-uri": "http://made.localhost:1/", "--scope": "orders"},
        **{"--post-logout-redirect-uri": "http://made.localhost:1/out", "--id-token-alg": "EdDSA"},
        **{"--backchannel-logout-uri": "http://127.0.0.1:1/out"},
    }
    options = [word for pair in given.items() for word in pair]
    shown = json.loads(center.run("clients", "update", site.client_id, *options, "--may-introspect").stdout)
    assert shown["scopes"] == ["openid", "profile", "email", "orders"]
    assert shown["post_logout_redirect_uris"] == ["http://made.localhost:1/out"]
    assert (shown["name"], shown["home_uri"]) == ("Other", "http://made.localhost:1/")
    assert (shown["backchannel_logout_uri"], shown["id_token_alg"]) == ("http://127.0.0.1:1/out", "EdDSA")
    assert shown["may_introspect"] is True
    shown = json.loads(center.run("clients", "update", site.client_id, "--no-may-introspect").stdout)
    assert shown["may_introspect"] is False


def test_how_a_site_gets_its_tokens_can_be_said_and_changed(center: Center) -> None:
    code, refresh = ("--grant-type", "authorization_code"), ("--grant-type", "refresh_token")
    center.run(
        *("clients", "add", "tokens", "--redirect-uri", URI, *code, *refresh, "--scope", "offline_access"),
        *("--access-token-format", "jwt", "--audience", "orders", "--audience", "stock", "--strict"),
        *("--refresh-token-lifetime", "3600", "--refresh-retry-window", "30", "--third-party"),
        *("--max-sessions", "5"),
    )
    shown = json.loads(center.run("clients", "show", "tokens").stdout)
    assert shown["grant_types"] == ["authorization_code", "refresh_token"]
    assert (shown["access_token_format"], shown["audiences"]) == ("jwt", ["orders", "stock"])
    assert (shown["refresh_token_lifetime"], shown["refresh_retry_window"]) == (3600, 30)
    assert (shown["is_strict"], shown["is_third_party"], shown["max_sessions"]) == (True, True, 5)

    changed = ["--no-strict", "--no-third-party", "--max-sessions", "0", "--audience", ""]
    shown = json.loads(center.run("clients", "update", "tokens", *changed).stdout)
    assert (shown["is_strict"], shown["is_third_party"]) == (False, False)
    assert (shown["max_sessions"], shown["audiences"]) == (0, [])
    assert shown["grant_types"] == ["authorization_code", "refresh_token"]
    refused = center.run("clients", "update", "tokens", "--access-token-format", "app", check=False)
    assert refused.returncode == 1
    assert "refresh_token" in refused.stderr


def test_a_program_that_logs_nobody_in_is_registered_without_addresses(center: Center) -> None:
    done = center.run("clients", "add", "nightly", "--grant-type", "client_credentials")
    assert done.stderr == ""
    assert json.loads(done.stdout)["client_secret"]
    assert "nightly" in center.run("clients", "list").stdout
    assert center.run("clients", "add", "nowhere", check=False).returncode == 1


@pytest.mark.parametrize("option", [["--clear-backchannel-logout-uri"], ["--backchannel-logout-uri", ""]])
def test_an_update_can_take_an_address_away(center: Center, option: list[str]) -> None:
    site = center.add_site(
        backchannel_logout_uri="http://127.0.0.1:1/out", post_logout_redirect_uris=(URI,), scopes=("orders",)
    )
    emptied = [*option, "--post-logout-redirect-uri", "", "--scope", ""]
    shown = json.loads(center.run("clients", "update", site.client_id, *emptied).stdout)
    assert shown["backchannel_logout_uri"] is None
    assert shown["post_logout_redirect_uris"] == []
    assert shown["scopes"] == ["openid", "profile", "email"]


def test_an_update_that_can_not_be_meant_changes_nothing(center: Center) -> None:
    site = center.add_site()
    uri, cleared = ("--backchannel-logout-uri", "http://127.0.0.1:1/out"), "--clear-backchannel-logout-uri"
    codes = {
        (): 2,
        (*uri, cleared): 2,
        ("--redirect-uri", ""): 1,
        ("--redirect-uri", "javascript:alert(1)"): 1,
    }
    for options, code in codes.items():
        assert center.run("clients", "update", site.client_id, *options, check=False).returncode == code
    assert center.services.clients.get(site.client_id).version == 1
    assert center.run("clients", "update", "stranger", "--name", "x", check=False).returncode == 1


def test_who_registers_a_site_is_told_what_will_not_work(center: Center) -> None:
    back, after = "--backchannel-logout-uri", "--post-logout-redirect-uri"
    add = ("clients", "add", "--redirect-uri", URI)
    bare = center.run(*add, "bare").stderr
    assert back in bare
    assert after in bare
    assert len(bare.splitlines()) == 1
    told = center.run(*add, "told", back, "http://127.0.0.1:1/out").stderr
    assert back not in told
    assert after in told
    assert center.run(*add, "phone", "--public", after, "http://made.localhost:1/").stderr == ""


def test_a_rotated_secret_counts_at_once(center: Center, person: Person, browser: Browser) -> None:
    site = center.add_site()
    printed = json.loads(center.run("clients", "rotate-secret", site.client_id).stdout)
    new_site(center, site.client_id, printed["client_secret"], site.redirect_uri).sign_in(browser, person)
    attempt = site.attempt()
    assert site.redeem(site.code_for(browser, attempt), attempt).status_code == 401


def test_nobody_can_log_in_at_a_removed_site(center: Center, browser: Browser) -> None:
    site = center.add_site()
    assert browser.get(site.attempt().url).status < 400
    center.run("clients", "remove", site.client_id)
    page = eventually(lambda: refusal_in(browser.get(site.attempt().url)))
    assert not page.location
    assert center.run("clients", "remove", site.client_id, check=False).returncode == 1


def test_what_a_removed_site_was_given_does_not_count_again_for_who_gets_its_id(
    center: Center, person: Person, browser: Browser
) -> None:
    lasting = {
        "grant_types": ("authorization_code", "refresh_token"),
        "scopes": ("offline_access",),
        "access_token_format": "jwt",
    }
    site = center.add_site(**lasting)
    attempt = site.attempt(scope="openid offline_access")
    browser.log_in(site.visit(browser, attempt), person.username, person.password)
    given = site.redeem(site.code_for(browser, attempt), attempt).json()
    center.secrets |= {given["access_token"], given["refresh_token"]}
    center.run("clients", "remove", site.client_id)
    anew = center.add_site(site.client_id, **lasting)
    for kind in ("access_token", "refresh_token"):
        assert anew.introspect(given[kind]) == {"active": False}
    assert refresh(anew, given["refresh_token"]).status_code == 400
    attempt = anew.attempt(scope="openid offline_access")
    again = anew.redeem(anew.code_for(browser, attempt), attempt).json()
    center.secrets |= {again["access_token"], again["refresh_token"]}
    assert anew.introspect(again["refresh_token"])["active"] is True


def test_what_people_agreed_to_is_asked_anew_for_who_gets_the_id_of_a_removed_site(
    center: Center, browser: Browser
) -> None:
    person, site = center.add_person(), center.add_site(is_third_party=True)
    center.services.users.grant_consent(person.sub, site.client_id, ("openid", "profile", "email"))
    center.run("clients", "remove", site.client_id)
    anew = center.add_site(site.client_id, is_third_party=True)
    attempt = anew.attempt()
    page = browser.log_in(anew.visit(browser, attempt), person.username, person.password)
    assert "consent" in browser.follow(page, stop_at=anew.redirect_uri).url


def refusal_in(page: Page) -> Page | None:
    return page if page.status == 400 else None


def test_an_address_that_may_not_be_registered_is_named(center: Center) -> None:
    done = center.run("clients", "add", "bad", "--redirect-uri", "javascript:alert(1)", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("sso-center: 'javascript:alert(1)'")
    assert len(done.stderr.splitlines()) == 1


def test_an_app_is_told_what_it_lacks_and_not_what_it_has_no_use_for(center: Center) -> None:
    app = ("--public", "--redirect-uri", "http://127.0.0.1/opened", "--access-token-format", "app")
    lacking = center.run("clients", "add", "app-of-nobody", *app).stderr
    assert "without --audience" in lacking
    assert "logout" not in lacking
    assert center.run("clients", "add", "app-of-an-api", *app, "--audience", "stock").stderr == ""
