"""Sites that are asked to sign out through the browser, by frames that nobody sees."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from sso_center.base.errors import Invalid
from sso_center.core.notices import Counts, EndingFilter
from tests.harness.browser import Browser, Page
from tests.harness.center import Center, Person
from tests.harness.receiver import Receiver
from tests.harness.site import SignedIn, Site

AFTER = "http://after.localhost:1/bye"


def frames(page: Page) -> list[str]:
    return [unescape(found) for found in re.findall(r'<iframe hidden[^>]* src="([^"]+)"', page.text)]


def add_site(center: Center, name: str, **registration: object) -> Site:
    origin = f"http://{name}.localhost:1"
    return center.add_site(
        redirect_uri=f"{origin}/cb", frontchannel_logout_uri=f"{origin}/bye?from=sso", **registration
    )


@pytest.fixture(scope="module")
def old(center: Center) -> Site:
    """A site that wants to know whose logout it is."""
    return add_site(
        center, "old", frontchannel_logout_session_required=True, post_logout_redirect_uris=(AFTER,)
    )


@pytest.fixture(scope="module")
def plain(center: Center) -> Site:
    """A site that does not."""
    return add_site(center, "plain")


@pytest.fixture
def signed_in(center: Center, old: Site, plain: Site, browser: Browser, person: Person) -> SignedIn:
    signed_in = old.sign_in(browser, person)
    plain.sign_in(browser)
    return signed_in


def assert_asked(page: Page, center: Center, old: Site, signed_in: SignedIn) -> None:
    """See that both sites are asked, in frames of their origins alone."""
    to_plain, to_old = sorted(frames(page), key=len)
    assert to_plain == "http://plain.localhost:1/bye?from=sso"
    assert parse_qs(urlsplit(to_old).query) == {
        "from": ["sso"],
        "iss": [center.issuer],
        "sid": [signed_in.sid],
    }
    policy = page.headers["Content-Security-Policy"]
    assert "frame-src http://old.localhost:1 http://plain.localhost:1" in policy
    (ending,) = center.services.receipts.endings(EndingFilter(sid=signed_in.sid))
    assert ending.counts == Counts(shown=2)
    assert {one.state for one in center.services.receipts.of(ending.number)} == {"shown"}


def test_signing_out_at_the_center_asks_them(
    center: Center, old: Site, browser: Browser, signed_in: SignedIn
) -> None:
    page = browser.submit(browser.get(center.url("/logout")), "logout-confirm")
    assert page.status == 200
    assert_asked(page, center, old, signed_in)
    assert "http-equiv" not in page.text


def test_signing_out_at_a_site_asks_them_and_then_goes_where_the_site_said(
    center: Center, old: Site, browser: Browser, signed_in: SignedIn
) -> None:
    page = browser.get(
        center.url("/logout"),
        params={"id_token_hint": signed_in.id_token, "post_logout_redirect_uri": AFTER, "state": "a b&c"},
    )
    assert page.status == 200
    assert_asked(page, center, old, signed_in)
    # Without a script too: the page goes on by itself, and has a link for whoever does not want to wait.
    assert f'<meta http-equiv="refresh" content="3;url={AFTER}?state=a+b%26c">' in page.text
    assert f'id="continue" href="{AFTER}?state=a+b%26c"' in page.text
    assert any(line.startswith("sso=;") for line in page.set_cookies)


def test_where_nobody_need_be_asked_the_browser_goes_on_at_once(
    center: Center, browser: Browser, person: Person
) -> None:
    site = center.add_site(post_logout_redirect_uris=(AFTER,))
    signed_in = site.sign_in(browser, person)
    page = browser.get(
        center.url("/logout"),
        params={"id_token_hint": signed_in.id_token, "post_logout_redirect_uri": AFTER},
    )
    assert (page.status, page.location) == (303, AFTER)
    assert "frame-src" not in page.headers["Content-Security-Policy"]


def test_a_page_that_asks_nobody_may_hold_no_frame(center: Center, browser: Browser) -> None:
    page = browser.get(center.url("/logout"))
    assert "frame-src" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_site_with_both_ways_keeps_the_receipt_that_it_confirmed(
    center: Center, receiver: Receiver, browser: Browser, person: Person
) -> None:
    both = add_site(center, "both", backchannel_logout_uri=receiver.uri)
    signed_in = both.sign_in(browser, person)
    page = browser.submit(browser.get(center.url("/logout")), "logout-confirm")
    assert frames(page) == ["http://both.localhost:1/bye?from=sso"]
    receiver.wait_for(1, sid=signed_in.sid)
    (ending,) = center.services.receipts.endings(EndingFilter(sid=signed_in.sid))
    assert (ending.counts.total, ending.counts.shown) == (1, 0)


@pytest.mark.parametrize(
    "uri",
    [
        "https://site.example/bye",
        "http://site.example:8080/bye",
        "http://other.example/bye",
        "http://site.example.evil.example/bye",
        "javascript:alert(1)",
        "http://site.example/bye#x",
    ],
)
def test_only_an_address_of_the_sites_own_origin_is_registered(center: Center, uri: str) -> None:
    with pytest.raises(Invalid) as refused:
        center.add_site(redirect_uri="http://site.example/cb", frontchannel_logout_uri=uri)
    assert refused.value.field == "frontchannel_logout_uri"


def test_the_default_port_is_the_same_origin(center: Center) -> None:
    site = center.add_site(
        redirect_uri="https://site.example/cb", frontchannel_logout_uri="https://SITE.example:443/bye"
    )
    client = center.services.clients.get(site.client_id)
    assert client.frontchannel_logout_uri == "https://SITE.example:443/bye"


def test_discovery_says_that_both_ways_are_supported(center: Center, browser: Browser) -> None:
    document = browser.http.get(center.url("/.well-known/openid-configuration"), timeout=60).json()
    for way in ("frontchannel", "backchannel"):
        assert document[f"{way}_logout_supported"] is True
        assert document[f"{way}_logout_session_supported"] is True


def test_it_is_registered_on_the_command_line(center: Center) -> None:
    center.run(
        *("clients", "add", "by-command", "--redirect-uri", "https://site.example/cb"),
        *("--frontchannel-logout-uri", "https://site.example/bye", "--frontchannel-logout-session"),
    )
    client = center.services.clients.get("by-command")
    assert client.frontchannel_logout_uri == "https://site.example/bye"
    assert client.frontchannel_logout_session_required
