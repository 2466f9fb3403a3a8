"""`sso-center clients`."""

import json

from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.site import new_site
from tests.harness.waiting import eventually

URI = "http://made.localhost:1/sso/callback"


def test_a_site_registered_beside_a_running_center_works_at_once(
    center: Center, person: Person, browser: Browser
) -> None:
    printed = json.loads(
        center.run(
            *("clients", "add", "made", "--redirect-uri", URI, "--redirect-uri", URI + "2", "--name", "Made"),
            *("--post-logout-redirect-uri", "http://made.localhost:1/", "--scope", "orders"),
            *("--backchannel-logout-uri", "http://127.0.0.1:1/out", "--home-uri", "http://made.localhost:1/"),
        ).stdout
    )
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


def refusal_in(page: Page) -> Page | None:
    return page if page.status == 400 else None


def test_an_address_that_may_not_be_registered_is_named(center: Center) -> None:
    done = center.run("clients", "add", "bad", "--redirect-uri", "javascript:alert(1)", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("sso-center: 'javascript:alert(1)'")
    assert len(done.stderr.splitlines()) == 1
