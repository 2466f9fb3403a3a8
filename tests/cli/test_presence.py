"""`sso-center presence` and `sso-center sessions show`."""

import json
from collections.abc import Callable

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.site import SignedIn, Site


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    """A center of our own: everybody who is here is counted."""
    return new_module_center(settings={"SSO_TRUSTED_PROXIES": "127.0.0.0/8"})


@pytest.fixture(scope="module")
def site(center: Center) -> Site:
    return center.add_site("shop")


@pytest.fixture
def signed_in(center: Center, site: Site, new_browser: Callable[..., Browser]) -> SignedIn:
    browser = new_browser()
    browser.http.headers["X-Forwarded-For"] = "203.0.113.9, 198.51.100.7"
    return site.sign_in(browser, center.add_person())


def test_presence_counts_people_and_names_sites(center: Center, signed_in: SignedIn) -> None:
    found = json.loads(center.run("presence", "--json").stdout)
    assert found["now"] == found["last_60"] >= 1
    assert [one["client_id"] for one in found["clients"]] == ["shop"]
    lines = center.run("presence").stdout.splitlines()
    assert lines[1].split() == ["now", str(found["now"])]
    assert lines[-1].split() == ["shop", str(found["clients"][0]["grants"])]


def test_a_session_is_shown_with_where_it_was_used(center: Center, signed_in: SignedIn) -> None:
    shown = json.loads(center.run("sessions", "show", signed_in.sid, "--json").stdout)
    assert (shown["sid"], shown["clients"]) == (signed_in.sid, ["shop"])
    assert (shown["kind"], shown["device_type"]) == ("browser", "desktop")
    # The address that the last trusted proxy vouches for, not the one that the browser claims.
    assert [(step["client_id"], step["address"]) for step in shown["steps"]] == [
        ("shop", "198.51.100.7"),
        ("", "198.51.100.7"),
    ]
    text = center.run("sessions", "show", signed_in.sid).stdout
    assert "(signed in)" in text
    assert "Chrome/140.0" in text


def test_a_session_that_is_not_there_can_t_be_shown(center: Center) -> None:
    for sid in ("00nothing", "nothing"):
        done = center.run("sessions", "show", sid, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert "There is no session" in done.stderr
