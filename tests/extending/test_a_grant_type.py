"""Adding a grant type: one file (tests/extending/grants) and one line in the table of grant types.

The product is copied, both are added to the copy, and a center runs from there. Nothing else of it is
touched, so these tests fail as soon as a grant type needs another place.
"""

import json
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sso_center.base.secrets import hashed
from sso_center.core.grants import GrantRequest, PendingGrant
from tests.extending.copied_center import CopiedCenter, copy_of_the_product
from tests.harness.browser import Browser
from tests.harness.center import Person
from tests.harness.site import Site, new_site

VOUCHER = "urn:example:grant-type:voucher"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
LINES = {
    "voucher": f'GrantType("{VOUCHER}", "it redeems vouchers", is_login=True, needs_secret=True),',
    "device_code": f'GrantType("{DEVICE}", "people sign in elsewhere", is_login=True),',
}
"""The one line of each, in base/grant_types.py."""

SCOPE = ("openid", "email")


def add_grant_type(package: Path, name: str) -> None:
    """Add a grant type to a copy of the product: its file and its line."""
    shutil.copy(Path(__file__).parent / "grants" / f"{name}.py", package / "protocols" / "oidc" / "grants")
    table = package / "base" / "grant_types.py"
    lines = table.read_text().splitlines()
    lines.insert(lines.index("_TABLE = (") + 1, f"    {LINES[name]}")
    table.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopiedCenter]:
    """A center that has both grant types."""
    folder = tmp_path_factory.mktemp("walk")
    package = copy_of_the_product(folder / "code")
    for name in LINES:
        add_grant_type(package, name)
    made = CopiedCenter(folder, package.parent)
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def person(center: CopiedCenter) -> Person:
    return center.add_person()


def register(center: CopiedCenter, *grant_types: str) -> Site:
    """Register a site by the command line."""
    name = f"site-{secrets.token_hex(5)}"
    back = f"http://{name}.localhost:1/callback"
    options = [text for one in grant_types for text in ("--grant-type", one)]
    if "authorization_code" in grant_types:
        options += ["--redirect-uri", back]
    told = json.loads(center.run("clients", "add", name, *options).stdout)
    center.secrets.add(told["client_secret"])
    return new_site(center, name, told["client_secret"], back)


def signed_in(center: CopiedCenter, browser: Browser, person: Person) -> Browser:
    page = browser.log_in(browser.get(center.url("/login")), person.username, person.password)
    assert page.status == 303, page.text
    return browser


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


# Seen everywhere


def test_the_discovery_document_names_a_grant_type_of_the_table(center: CopiedCenter) -> None:
    described = center.get("/.well-known/openid-configuration").json()
    assert {VOUCHER, DEVICE, "authorization_code"} <= set(described["grant_types_supported"])


def test_the_command_line_registers_a_grant_type_of_the_table_by_its_needs(center: CopiedCenter) -> None:
    shown = json.loads(center.run("clients", "show", register(center, DEVICE).client_id).stdout)
    assert shown["grant_types"] == [DEVICE]
    refused = center.run("clients", "add", "open", "--public", "--grant-type", VOUCHER, check=False)
    assert "no credentials" in refused.stderr
    refused = center.run("clients", "add", "other", "--grant-type", "urn:example:other", check=False)
    assert VOUCHER in refused.stderr
    # It is a login: refresh tokens may go on from it, and app tokens come with it.
    register(center, DEVICE, "refresh_token")
    refused = center.run("clients", "add", "none", "--grant-type", "refresh_token", check=False)
    assert f"it needs {DEVICE} or {VOUCHER} or authorization_code" in refused.stderr


def test_the_json_api_registers_a_grant_type_of_the_table_and_describes_it(center: CopiedCenter) -> None:
    options = ("--grant-type", "client_credentials", "--scope", "sso:admin")
    told = json.loads(center.run("clients", "add", "robot", *options).stdout)
    robot = new_site(center, "robot", told["client_secret"], "")
    token = robot.post("/token", {"grant_type": "client_credentials"}).json()["access_token"]
    center.secrets |= {told["client_secret"], token}
    bearer = {"Authorization": f"Bearer {token}"}
    body = {"client_id": "by-api", "grant_types": [VOUCHER]}
    answer = center.http.post(center.url("/api/admin/clients"), json=body, headers=bearer, timeout=60)
    assert (answer.status_code, answer.json()["client"]["grant_types"]) == (201, [VOUCHER])
    center.secrets.add(answer.json()["client_secret"])
    assert VOUCHER in json.dumps(center.get("/api/admin/openapi.json").json())


def test_the_console_offers_a_grant_type_of_the_table(center: CopiedCenter, browser: Browser) -> None:
    boss = signed_in(center, browser, center.add_person(roles=["sso-admin"]))
    page = boss.get(center.url("/admin/clients/new"))
    assert f"{VOUCHER}: it redeems vouchers" in page.text
    assert 'id="grant-device_code"' in page.text
    name = f"site-{secrets.token_hex(5)}"
    asked = boss.submit(page, "go-on", client_id=name, grant_types=DEVICE)
    assert boss.submit(asked, "confirm").status in (200, 303)
    assert json.loads(center.run("clients", "show", name).stdout)["grant_types"] == [DEVICE]


# At the token endpoint


def test_a_client_that_is_not_registered_for_it_is_refused(center: CopiedCenter) -> None:
    site = register(center, DEVICE)
    assert refusal(site.post("/token", {"grant_type": VOUCHER})) == (400, "unauthorized_client")


def test_it_gives_tokens_once_and_a_replay_revokes_them_without_its_doing(
    center: CopiedCenter, person: Person, browser: Browser
) -> None:
    site = register(center, "authorization_code", VOUCHER)
    attempt = site.attempt(code_challenge=None, code_challenge_method=None)
    code = site.code_for(signed_in(center, browser, person), attempt)
    form = {"grant_type": VOUCHER, "voucher": code, "redirect_uri": site.redirect_uri}
    given = site.post("/token", form).json()
    center.secrets |= {code, given["access_token"], given["id_token"]}
    assert site.verify(given["id_token"], nonce=attempt.nonce)["sub"] == person.sub
    assert site.introspect(given["access_token"])["active"] is True
    assert refusal(site.post("/token", form)) == (400, "invalid_grant")
    assert site.introspect(given["access_token"])["active"] is False


# A grant that has no user yet


def begin(center: CopiedCenter, site: Site) -> tuple[str, PendingGrant]:
    """Ask for a grant as a device's endpoint would."""
    pending_grants = center.services.pending_grants
    code = pending_grants.begin(site.client_id, SCOPE, life=600)
    center.secrets.add(code)
    return code, pending_grants.find(code[:2], hashed(code))


def poll(site: Site, code: str) -> requests.Response:
    return site.post("/token", {"grant_type": DEVICE, "device_code": code})


def test_a_grant_without_a_user_is_pending_until_a_person_approves_it(
    center: CopiedCenter, person: Person, browser: Browser
) -> None:
    site = register(center, DEVICE)
    code, pending = begin(center, site)
    assert refusal(poll(site, code)) == (400, "authorization_pending")
    assert refusal(poll(register(center, DEVICE), code)) == (400, "invalid_grant")

    cookie = session_cookie(center, signed_in(center, browser, person))
    issued = center.services.pending_grants.approve(pending, cookie, GrantRequest("", "", ()))
    assert issued.code is not None

    given = poll(site, code).json()
    center.secrets |= {given["access_token"], given["id_token"]}
    assert given["scope"] == "openid email"
    told = site.introspect(given["access_token"])
    assert (told["active"], told["sub"]) == (True, person.sub)
    assert refusal(poll(site, code)) == (400, "invalid_grant")
    assert site.introspect(given["access_token"])["active"] is False


def test_a_grant_without_a_user_gives_nothing_once_it_is_denied(center: CopiedCenter) -> None:
    site = register(center, DEVICE)
    code, pending = begin(center, site)
    center.services.pending_grants.deny(pending)
    assert refusal(poll(site, code)) == (400, "invalid_grant")


def session_cookie(center: CopiedCenter, browser: Browser) -> str:
    """Return the cookie that opens a browser's session at the center."""
    cookie = browser.cookies_for("sso.localhost")["sso"]
    center.secrets.add(cookie)
    return cookie
