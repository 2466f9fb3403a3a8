"""Sites in the console: registering, changing, another secret, trying the logout address, removing."""

import dataclasses
import secrets

from sso_center.core.clients.rules import Registration
from tests.harness.receiver import Receiver
from tests.ui.admin.conftest import Boss
from tests.ui.admin.test_people import reach_on, secret_on
from tests.ui.conftest import Member


def a_name() -> str:
    return f"site-{secrets.token_hex(4)}"


def test_a_site_is_registered_and_its_secret_is_shown_once(boss: Boss) -> None:
    name, back = a_name(), "https://shop.example/callback"
    question = boss.send("/admin/clients/new", client_id=name, name="Tea & Things", redirect_uris=back)
    assert back in question.text
    assert boss.center.services.clients.find(name) is None
    page = boss.confirm(question)
    secret = secret_on(page)
    boss.center.secrets.add(secret)
    client = boss.center.services.clients.authenticate(name, secret)
    assert client is not None
    assert (client.name, client.redirect_uris, client.id_token_alg) == ("Tea & Things", (back,), "ES256")
    assert boss.audited("admin:client:add")["client_id"] == name
    assert secret not in boss.get(f"/admin/clients/{name}").text
    assert "Tea &amp; Things" in boss.get("/admin/clients").text


def test_a_public_site_gets_no_secret(boss: Boss) -> None:
    name = a_name()
    fields = {"client_id": name, "redirect_uris": "http://127.0.0.1/callback", "is_public": "yes"}
    page = boss.confirm(boss.send("/admin/clients/new", **fields))
    assert page.headers["Location"] == f"/admin/clients/{name}"
    assert boss.center.services.clients.get(name).is_public


def test_what_can_not_be_registered_is_asked_for_again(boss: Boss) -> None:
    taken = boss.center.add_site().client_id
    good = {"client_id": a_name(), "redirect_uris": "https://shop.example/callback"}
    for fields in (
        {"client_id": "a b"},
        {"client_id": taken},
        {"redirect_uris": ""},
        {"redirect_uris": "javascript:alert(1)"},
        {"max_sessions": "-1"},
        {"max_sessions": "many"},
        {"refresh_token_lifetime": "1"},
        {"scopes": "a<b"},
    ):
        page = boss.send("/admin/clients/new", **{**good, **fields})
        assert page.status == 400, fields
        assert 'role="alert"' in page.text
        assert page.form("go-on").values["client_id"] == {**good, **fields}["client_id"]
    assert boss.center.services.clients.find(good["client_id"]) is None


def test_everything_that_is_registered_can_be_typed_and_stays_as_it_is(boss: Boss) -> None:
    stored = boss.center.add_site(
        backchannel_logout_uri="https://shop.example/logout",
        post_logout_redirect_uris=("https://shop.example/", "https://shop.example/bye"),
        scopes=("stock:read",),
        audiences=("stock",),
        grant_types=("authorization_code",),
        access_token_format="jwt",
        may_introspect=True,
        is_strict=True,
        is_third_party=True,
        max_sessions=3,
    )
    form = boss.get(f"/admin/clients/{stored.client_id}/edit").form("go-on")
    registered = {field.name for field in dataclasses.fields(Registration)} - {"client_id", "is_public"}
    # A site of another protocol is registered on the command line.
    registered -= {"protocol", "protocol_settings"}
    assert registered <= form.names
    # Sent as it is shown, nothing changes.
    page = boss.send(f"/admin/clients/{stored.client_id}/edit")
    assert page.headers["Location"] == f"/admin/clients/{stored.client_id}"
    assert "Nothing is different" in boss.get(page.headers["Location"]).text


def test_a_change_shows_before_and_after(boss: Boss) -> None:
    name = boss.center.add_site().client_id
    question = boss.send(f"/admin/clients/{name}/edit", name="Renamed", max_sessions="7")
    assert "0 → 7" in question.text
    assert boss.center.services.clients.get(name).max_sessions == 0
    boss.confirm(question)
    client = next(one for one in boss.center.services.clients.list() if one.client_id == name)
    assert (client.name, client.max_sessions) == ("Renamed", 7)
    assert boss.audited("admin:client:change")["changed"] == ["max_sessions", "name"]


def test_another_secret_ends_the_old_one(boss: Boss) -> None:
    site = boss.center.add_site()
    secret = secret_on(boss.do(f"/admin/clients/{site.client_id}/secret"))
    boss.center.secrets.add(secret)
    clients = boss.center.services.clients
    assert clients.authenticate(site.client_id, secret) is not None
    assert clients.authenticate(site.client_id, site.client_secret) is None
    assert boss.audited("admin:client-secret:rotate")["client_id"] == site.client_id


def test_a_logout_address_is_tried_and_nobody_is_signed_out(
    boss: Boss, member: Member, receiver: Receiver
) -> None:
    site = boss.center.add_site(backchannel_logout_uri=receiver.uri)
    site.visit(member.browser)
    page = boss.do(f"/admin/clients/{site.client_id}/try")
    assert "It confirmed in" in page.text
    assert boss.audited("admin:client:try")["confirmed"] is True
    assert member.is_signed_in


def test_a_logout_address_that_nobody_answers_at_says_why(boss: Boss) -> None:
    site = boss.center.add_site(backchannel_logout_uri="http://127.0.0.1:9/logout")
    page = boss.do(f"/admin/clients/{site.client_id}/try")
    assert "It did not confirm: connection refused." in page.text


def test_a_site_that_is_removed_shows_whom_it_touches_and_is_gone(boss: Boss, member: Member) -> None:
    site = boss.center.add_site()
    site.sign_in(member.browser)
    question = boss.get(f"/admin/clients/{site.client_id}/remove")
    assert reach_on(question) == ["1", "1", "1"]
    assert boss.confirm(question).headers["Location"].startswith("/admin/endings/")
    assert site.client_id not in {client.client_id for client in boss.center.services.clients.list()}
    assert member.is_signed_in
    assert boss.audited("admin:client:remove")["client_id"] == site.client_id


def test_a_site_that_may_do_what_admins_may_is_warned_of(boss: Boss) -> None:
    fields = {"client_id": a_name(), "scopes": "sso:admin", "grant_types": "client_credentials"}
    page = boss.send("/admin/clients/new", **fields)
    assert "With the scope sso:admin its programs can do everything" in page.text
