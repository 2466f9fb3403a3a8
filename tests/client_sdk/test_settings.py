"""A mistake in a site's settings is one line that names it."""

import pytest
from flask import Flask

from client_sdk.core.errors import BadSettings
from client_sdk.flask import SSO
from client_sdk.testing import FakeCenter, Person

GOOD = {"issuer": "https://sso.example.org", "client_id": "shop", "client_secret": "secret"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"issuer": ""}, "issuer"),
        ({"issuer": "http://sso.example.org"}, "https://"),
        ({"issuer": "https://sso.example.org/"}, "slash"),
        ({"issuer": "sso.example.org"}, "issuer"),
        ({"issuer": "https://user@sso.example.org"}, "issuer"),
        ({"issuer": "https://[broken"}, "issuer"),
        ({"client_id": ""}, "SSO_CLIENT_ID"),
        ({"client_secret": ""}, "SSO_CLIENT_SECRET"),
        ({"internal_url": "10.0.0.1"}, "internal_url"),
        ({"base_url": "https://shop.example.org/"}, "base_url"),
        ({"scope": "profile"}, "scope"),
        ({"secret_key": "short"}, "secret_key"),
        ({"max_staleness": 0}, "max_staleness"),
        ({"timeout": 600}, "timeout"),
        ({"leeway": -1}, "leeway"),
        ({"session_lifetime": 0}, "session_lifetime"),
        ({"prefix": "sso/"}, "prefix"),
        ({"algorithms": ("HS256",)}, "HS256"),
        ({"algorithms": ("none",)}, "none"),
        ({"algorithms": ()}, "algorithms"),
        ({"sessions": "memcached"}, "sessions"),
        ({"sessions": 7}, "sessions"),
        ({"max_stale": 30}, "max_stale"),
        ({"client_secret": b"secret"}, "client_secret"),
        ({"max_staleness": "30"}, "max_staleness"),
        ({"fail_open": "false"}, "fail_open"),
        ({"issuer": 7}, "issuer"),
        ({"algorithms": "RS256"}, "algorithms"),
    ],
)
def test_a_bad_setting_is_named_at_start(change: dict[str, object], named: str) -> None:
    with pytest.raises(BadSettings) as caught:
        SSO(Flask("x"), **{**GOOD, **change})
    assert named in caught.value.message
    assert caught.value.code == "bad_settings"


def test_all_bad_settings_are_named_together() -> None:
    with pytest.raises(BadSettings) as caught:
        SSO(Flask("x"))
    assert len(caught.value.message.splitlines()) == 3


def test_settings_may_stand_in_the_apps_config() -> None:
    center = FakeCenter()
    center.log_in(Person("alice"))
    sso, app = SSO(transport=center.transport), Flask("x")
    app.config.update(
        SSO_ISSUER=center.issuer, SSO_CLIENT_ID="shop", SSO_CLIENT_SECRET="secret", SSO_PREFIX="/in"
    )

    @app.get("/")
    @sso.login_required
    def home() -> str:
        return sso.user.name if sso.user else "?"

    sso.init_app(app)
    browser = app.test_client()
    assert center.sign_in(browser).text == "Alice"
    assert browser.get("/in/signed-out").status_code == 200


def test_one_object_serves_several_apps() -> None:
    center = FakeCenter()
    center.log_in(Person("alice"))
    sso = SSO(issuer=center.issuer, client_secret="secret", transport=center.transport)
    apps = []
    for name in ("one", "two"):
        apps.append(Flask(name))
        sso.init_app(apps[-1], client_id=name)
        apps[-1].add_url_rule("/", "home", sso.login_required(lambda: sso.user.name if sso.user else "?"))
    for app in apps:
        browser = app.test_client()
        assert center.sign_in(browser).text == "Alice"
        assert browser.get_cookie(f"sso-{app.name}")


def test_an_app_below_a_path_keeps_to_it() -> None:
    center = FakeCenter()
    center.log_in(Person("alice"))
    app = Flask("x")
    sso = SSO(app, **{**GOOD, "issuer": center.issuer}, transport=center.transport)
    app.add_url_rule("/a", "a", sso.login_required(lambda: sso.logout_url))
    browser = app.test_client()
    sent = browser.get("/a?b=1", base_url="http://localhost/shop").headers["Location"]
    assert "redirect_uri=http%3A%2F%2Flocalhost%2Fshop%2Fsso%2Fcallback" in sent
    back = browser.get(
        center.authorize(sent).removeprefix("http://localhost/shop"), base_url="http://localhost/shop"
    )
    assert back.headers["Location"] == "/shop/a?b=1"
    page = browser.get("/a", base_url="http://localhost/shop")
    assert page.text.startswith("/shop/sso/logout?t=")
