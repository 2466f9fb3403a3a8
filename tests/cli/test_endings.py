"""`sso-center endings`, `users remove` and `clients try-logout`."""

import json
from collections.abc import Callable

import pytest

from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.ports import free_port
from tests.harness.receiver import Receiver
from tests.harness.waiting import eventually


@pytest.fixture(scope="module")
def center(new_module_center: Callable[..., Center]) -> Center:
    """A center of our own, of whose endings we know all."""
    return new_module_center()


def run(center: Center, *arguments: str) -> str:
    return center.run("endings", *arguments).stdout


def test_an_ending_is_listed_shown_and_delivered_again(
    center: Center, receiver: Receiver, browser: Browser
) -> None:
    good = center.add_site("good", backchannel_logout_uri=receiver.uri)
    port = free_port()
    center.add_site("dead", backchannel_logout_uri=f"http://127.0.0.1:{port}/backchannel-logout").sign_in(
        browser, person := center.add_person("otto")
    )
    sid = good.sign_in(browser).sid
    center.run("sessions", "end", sid)
    receiver.wait_for(1, sid=sid)

    def found() -> dict:  # type: ignore[type-arg]
        (one,) = json.loads(run(center, "list", "--user", "otto", "--json"))
        return dict(one)

    ending = eventually(lambda: (one := found())["counts"]["confirmed"] == 1 and one, what="a receipt")
    number = str(ending["number"])
    assert (ending["sub"], ending["reason"], ending["actor"]) == (person.sub, "admin", "cli")
    assert ending["counts"]["pending"] == 1
    assert "1 of 2 confirmed, 1 pending" in run(center, "list", "--unconfirmed")
    assert run(center, "list", "--client", "dead", "--reason", "expired") == "Nothing ended.\n"

    shown = run(center, "show", number)
    assert "confirmed in" in shown
    assert "connection refused" in shown
    receipts = {
        one["client_id"]: one for one in json.loads(run(center, "show", number, "--json"))["receipts"]
    }
    assert receipts["good"]["state"] == "confirmed"
    assert receipts["dead"]["last_error"] == "connection refused"

    # It is tried again by itself as well, as soon as somebody listens there.
    assert run(center, "deliver-again", number, "--client", "dead") == "1 notice is delivered again.\n"
    with Receiver(port) as back:
        back.wait_for(1, sid=sid)
    assert center.run("endings", "show", "999999", check=False).returncode == 1


def test_an_ending_of_many_shows_a_line_a_site(center: Center, receiver: Receiver, browser: Browser) -> None:
    site, person = center.add_site("many", backchannel_logout_uri=receiver.uri), center.add_person("mona")
    for each in (browser, browser.twin()):
        sid = site.sign_in(each, person).sid
    center.run("logout", "--user", "mona")
    receiver.wait_for(1, sid=sid)
    listed = json.loads(run(center, "list", "--json"))
    (number,) = [one["number"] for one in listed if one["kind"] == "cutoff"]

    def line() -> str:
        return run(center, "show", str(number)).partition("SITE")[2]

    eventually(lambda: "many  " in line() and "2 of 2 confirmed" in line(), what="the receipts")
    shown = json.loads(run(center, "show", str(number), "--json"))
    assert [one["client_id"] for one in shown["sites"]] == ["many"]
    assert f"endings list --cut-off {number}" in line()


def test_a_person_is_removed_and_the_name_is_free(center: Center, browser: Browser) -> None:
    site, person = center.add_site(), center.add_person("petra")
    sid = site.sign_in(browser, person).sid
    assert "signed out everywhere" in center.run("users", "remove", "petra").stdout
    assert not site.is_alive(sid)
    assert center.run("users", "remove", "petra", check=False).returncode == 1
    assert center.add_person("petra").sub != person.sub
    (ending,) = json.loads(run(center, "list", "--user", person.sub, "--json"))
    assert ending["reason"] == "removed"


def test_a_logout_address_is_tried_without_ending_anything(center: Center, receiver: Receiver) -> None:
    center.add_site("tried", backchannel_logout_uri=receiver.uri)
    assert "took it, in" in center.run("clients", "try-logout", "tried").stdout
    (sent,) = receiver.deliveries
    assert sent.claims["aud"] == "tried"
    assert not center.services.endings.check("tried", [sent.claims["sid"]])[sent.claims["sid"]]

    receiver.answer(400)
    refused = center.run("clients", "try-logout", "tried", "--json", check=False)
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"] == "answered 400"
    center.add_site("mute")
    said = center.run("clients", "try-logout", "mute", check=False)
    assert said.returncode == 1
    assert "no logout address" in said.stderr
