"""Adding a protocol: one folder (tests/extending/tickets) and one line in the table of façades.

The center that runs here is the product as it stands plus that line (center_with_tickets.py). Whatever else a
protocol would need of the center is missing in it, and one of these tests says so.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.extending.center_with_tickets import FACADES
from tests.harness.browser import Browser
from tests.harness.center import LIFELINE, ROOT, RUNNING, Center, Person
from tests.harness.receiver import Receiver
from tests.harness.waiting import eventually

SERVICE = "http://wiki.localhost:1/"
PAGE = SERVICE + "page?of=1"


class CenterWithTickets(Center):
    """A center that speaks one protocol more."""

    facades = FACADES

    def start(self) -> "CenterWithTickets":
        """Start it by the entry point with the longer table."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [*LIFELINE, sys.executable, "-m", "tests.extending.center_with_tickets"],
                env=self.environ,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        RUNNING.append(self)
        eventually(self._is_ready, within=60, what=f"the start of the center at {self.issuer}")
        return self


@dataclass(frozen=True)
class Wiki:
    """A site that speaks tickets."""

    center: Center
    client_id: str

    def login_address(self, service: str = PAGE) -> str:
        """Return where it sends a browser to sign in."""
        return f"{self.center.issuer}/tickets/login?{urlencode({'service': service})}"

    def ticket_for(self, browser: Browser) -> str:
        """Return the ticket that a signed-in browser brings back."""
        page = browser.get(self.login_address())
        assert page.location.startswith(PAGE), page.location
        return page.query["ticket"]

    def validate(self, ticket: str, service: str = PAGE) -> tuple[int, dict[str, str]]:
        """Ask the center whose a ticket is."""
        answer = self.center.get("/tickets/validate", params={"service": service, "ticket": ticket})
        return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    center = CenterWithTickets(tmp_path_factory.mktemp("tickets"))
    try:
        yield center.start()
    finally:
        center.close()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def wiki(center: Center, receiver: Receiver) -> Wiki:
    client, secret = center.services.clients.add(
        "wiki",
        name="The Wiki",
        protocol="tickets",
        protocol_settings={"service": SERVICE},
        backchannel_logout_uri=receiver.uri,
    )
    assert secret is not None
    assert client.grant_types == ()
    return Wiki(center, client.client_id)


@pytest.fixture
def person(center: Center) -> Person:
    return center.add_person()


@pytest.fixture
def signed_in(wiki: Wiki, person: Person, browser: Browser) -> Browser:
    """A browser that came by way of the wiki and signed in."""
    page = browser.follow(browser.get(wiki.login_address()))
    done = browser.follow(browser.log_in(page, person.username, person.password), stop_at=SERVICE)
    assert done.location.startswith(PAGE)
    return browser


def test_a_ticket_says_once_who_it_is(wiki: Wiki, person: Person, signed_in: Browser) -> None:
    ticket = wiki.ticket_for(signed_in)
    assert wiki.validate(ticket, SERVICE + "other")[0] == 400
    assert wiki.validate(ticket) == (200, {"user": person.username})
    status, refused = wiki.validate(ticket)
    assert (status, refused["error"]) == (400, "invalid_grant")


def test_a_ticket_presented_again_ends_what_it_gave(
    center: Center, wiki: Wiki, signed_in: Browser, receiver: Receiver
) -> None:
    ticket = wiki.ticket_for(signed_in)
    for status in (200, 400):
        assert wiki.validate(ticket)[0] == status
    eventually(lambda: [one for one in receiver.deliveries if ticket in one.body], what="the notice")
    # The person stays signed in at the center, and comes back to the wiki with another ticket.
    assert wiki.validate(wiki.ticket_for(signed_in))[0] == 200
    assert wiki.validate(ticket)[0] == 400
    assert len([one for one in receiver.deliveries if ticket in one.body]) == 1


def test_the_sign_in_page_names_the_site_that_waits(wiki: Wiki, browser: Browser) -> None:
    page = browser.follow(browser.get(wiki.login_address()))
    assert page.status == 200
    assert "The Wiki" in page.text


def test_an_unknown_service_is_shown_to_the_person_and_leads_nowhere(wiki: Wiki, browser: Browser) -> None:
    page = browser.get(wiki.login_address("http://evil.localhost:1/"))
    assert (page.status, page.location) == (400, "")
    assert page.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/tickets/validate", "/tickets/validate/more", "/tickets/api/more"])
def test_errors_at_addresses_for_programs_are_json(center: Center, wiki: Wiki, path: str) -> None:
    answer = center.get(path, headers={"Accept": "text/html"})
    assert answer.status_code in (400, 404)
    assert answer.headers["Content-Type"] == "application/json"


def test_its_password_checks_wait_in_the_side_thread(center: Center, wiki: Wiki, person: Person) -> None:
    form = {"username": person.username, "password": person.password}
    answer = center.http.post(center.url("/tickets/password"), data=form, timeout=30)
    assert answer.json() == {"right": True}
    assert "a password was checked in the thread side" in center.log


def test_a_logout_is_told_by_the_ticket_that_the_site_knows_the_session_by(
    center: Center, wiki: Wiki, person: Person, signed_in: Browser, receiver: Receiver
) -> None:
    ticket = wiki.ticket_for(signed_in)
    assert wiki.validate(ticket)[0] == 200
    list(center.services.mass_endings.end("user", person.sub, "admin", "test"))
    eventually(lambda: [one for one in receiver.deliveries if ticket in one.body], what="the notice")
    (told,) = [one for one in receiver.deliveries if ticket in one.body]
    assert told.headers["Content-Type"] == "text/xml"
    assert told.body == f'<logout from="{center.issuer}"><ticket>{ticket}</ticket></logout>'


def test_its_client_gets_nothing_from_the_other_protocols(
    center: Center, wiki: Wiki, browser: Browser
) -> None:
    query = {"client_id": wiki.client_id, "redirect_uri": PAGE, "response_type": "code", "scope": "openid"}
    page = browser.get(f"{center.issuer}/authorize?{urlencode(query)}")
    assert (page.status, page.location) == (400, "")


def test_its_sites_stand_beside_those_of_openid_connect_in_one_session(
    center: Center, wiki: Wiki, person: Person, signed_in: Browser
) -> None:
    claims = center.add_site().sign_in(signed_in, person).claims
    assert wiki.validate(wiki.ticket_for(signed_in)) == (200, {"user": person.username})
    view = center.services.sessions.view(claims["sid"])
    assert view is not None
    assert wiki.client_id in view.client_ids


def test_its_client_is_registered_shown_and_changed_by_the_surfaces_that_are_there(
    center: Center, wiki: Wiki
) -> None:
    shown = json.loads(center.run("clients", "show", wiki.client_id).stdout)
    assert (shown["protocol"], shown["grant_types"]) == ("tickets", [])
    refused = center.run("clients", "add", "x", "--protocol", "gopher", check=False)
    assert refused.returncode != 0
    assert "does not speak 'gopher'" in refused.stderr
    refused = center.run("clients", "add", "x", "--protocol-settings", "[]", check=False)
    assert "not a JSON object" in refused.stderr
    refused = center.run(
        "clients", "add", "x", "--redirect-uri", PAGE, "--protocol-settings", '{"a": 1}', check=False
    )
    assert "no setting 'a'" in refused.stderr


def test_no_file_of_the_product_knows_the_protocol() -> None:
    product = [*Path(ROOT, "sso_center").rglob("*.py"), *Path(ROOT, "sso_center").rglob("*.lua")]
    folder = [str(file) for file in product if "ticket" in file.name]
    named = [str(file) for file in product if "/tickets/" in file.read_text()]
    assert product
    assert (folder, named) == ([], [])
    assert os.listdir(Path(__file__).parent / "tickets")


def test_a_center_without_the_line_speaks_no_tickets(new_center: Callable[..., Center]) -> None:
    center = new_center()
    assert center.get("/tickets/validate").status_code == 404
