"""A walk through a new field of a profile: one line in one table and one translation, and it is everywhere.

The product is copied, the two lines are added to the copy, and a center runs from there. Nothing else of it
is touched, so this fails as soon as a field needs another place.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask

import sso_center
from client_sdk.flask import SSO
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.waiting import eventually

LINE = 'Field("department", _("Department"), scope="work", editors=_EVERYONE),'
"""The one line, in base/profile/standard.py."""

TRANSLATION = ("Department", "部门")
"""The one translation, in ui/locales."""

CHINESE = Path("ui", "locales", "zh", "LC_MESSAGES")


def with_the_field(folder: Path) -> Path:
    """Copy the product, add the line and the translation, and return where the copy is."""
    package = folder / "sso_center"
    shutil.copytree(Path(sso_center.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    table = package / "base" / "profile" / "standard.py"
    lines = table.read_text().splitlines()
    lines.insert(lines.index("FIELDS = (") + 1, f"    {LINE}")
    table.write_text("\n".join(lines) + "\n")
    with (package / CHINESE / "messages.po").open("rb") as opened:
        catalog = read_po(opened, locale="zh")
    catalog.add(*TRANSLATION)
    with (package / CHINESE / "messages.mo").open("wb") as compiled:
        write_mo(compiled, catalog)
    return folder


class CopiedCenter(Center):
    """A center whose processes run from a copy of the product."""

    def __init__(self, folder: Path, code: Path) -> None:
        super().__init__(folder)
        self._code = code
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "CopiedCenter":
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(self._command("serve"), stdout=log, stderr=log, **self._place())
        eventually(self._is_ready, what="the start of the copied center")
        return self

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def run(
        self, *arguments: str, stdin: str = "", check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            check=check,
            timeout=timeout,
            **self._place(),
        )

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
        super().close()

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "sso_center", *arguments]

    def _place(self) -> dict[str, object]:
        return {"cwd": self._code, "env": {**self.environ, "PYTHONPATH": os.fspath(self._code)}}


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CopiedCenter]:
    """A center that has the field."""
    folder = tmp_path_factory.mktemp("walk")
    made = CopiedCenter(folder, with_the_field(folder / "code"))
    try:
        yield made.start()
    finally:
        made.close()


def add_person(center: CopiedCenter, *options: str) -> dict[str, str]:
    """Add somebody by the command line, and return what it prints, with the password."""
    name, password = f"walker-{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    done = center.run("users", "add", name, *options, "--password-stdin", stdin=password)
    center.secrets.add(password)
    return {**json.loads(done.stdout), "password": password}


def add_client(center: CopiedCenter, *options: str) -> tuple[str, str]:
    name = f"walked-{secrets.token_hex(4)}"
    secret = json.loads(center.run("clients", "add", name, *options).stdout).get("client_secret", "")
    center.secrets |= {secret} - {""}
    return name, secret


def signed_in(center: CopiedCenter, browser: Browser, person: dict[str, str]) -> Browser:
    page = browser.log_in(browser.get(center.url("/login")), person["username"], person["password"])
    assert page.status == 303, page.text
    return browser


def test_the_command_line_adds_updates_shows_and_imports_it(center: CopiedCenter, tmp_path: Path) -> None:
    person = add_person(center, "--department", "Care")
    assert person["department"] == "Care"
    center.run("users", "update", person["username"], "--department", "Cure")
    assert json.loads(center.run("users", "show", person["sub"]).stdout)["department"] == "Cure"
    for file, text in (
        ("people.csv", "username,department\nimported-a,Care\n"),
        ("people.jsonl", '{"username": "imported-b", "department": "Care"}\n'),
    ):
        (tmp_path / file).write_text(text)
        center.run("users", "import", str(tmp_path / file))
    for name in ("imported-a", "imported-b"):
        assert json.loads(center.run("users", "show", name).stdout)["department"] == "Care"


def test_the_api_describes_tells_and_changes_it(center: CopiedCenter) -> None:
    client = add_client(center, "--grant-type", "client_credentials", "--scope", "sso:admin")
    form = {"grant_type": "client_credentials"}
    token = center.http.post(center.url("/token"), data=form, auth=client, timeout=60).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    document = center.get("/api/admin/openapi.json").json()
    body = document["paths"]["/api/admin/users/{sub}"]["patch"]["requestBody"]
    assert "department" in document["components"]["schemas"]["User"]["properties"]
    assert "department" in body["content"]["application/json"]["schema"]["properties"]
    address = center.url(f"/api/admin/users/{add_person(center)['sub']}")
    changed = center.http.patch(address, json={"department": "Care"}, headers=headers, timeout=60)
    assert changed.json()["department"] == "Care"
    assert center.http.get(address, headers=headers, timeout=60).json()["department"] == "Care"


@pytest.mark.parametrize(("language", "label"), [("en", "Department"), ("zh-CN", "部门")])
def test_console_and_account_page_ask_for_it(
    center: CopiedCenter, new_browser: Callable[..., Browser], language: str, label: str
) -> None:
    browser, admin = new_browser(language=language), add_person(center, "--role", "sso-admin")
    signed_in(center, browser, admin)
    person = center.url(f"/admin/users/{add_person(center)['sub']}")
    question = browser.submit(browser.get(f"{person}/edit"), "go-on", department="Care")
    assert label in question.text
    browser.submit(question, "confirm")
    assert label in browser.get(person).text
    own = browser.get(center.url("/account/profile"))
    assert label in own.text
    browser.submit(own, "profile-submit", department="Own")
    assert browser.get(center.url("/account/profile")).form("profile-submit").values["department"] == "Own"


def test_sites_are_told_it_and_the_sdk_hands_it_on(center: CopiedCenter, browser: Browser) -> None:
    discovery = center.get("/.well-known/openid-configuration").json()
    assert "department" in discovery["claims_supported"]
    assert "work" in discovery["scopes_supported"]
    person = add_person(center, "--department", "Care")
    at, app = "http://shop.localhost:1", Flask(__name__)
    client = add_client(center, "--redirect-uri", f"{at}/sso/callback", "--scope", "work")
    sso = SSO(
        app,
        issuer=center.issuer,
        internal_url=center.internal_url,
        client_id=client[0],
        client_secret=client[1],
        scope="openid profile work",
        follow=False,
    )

    @app.get("/")
    @sso.login_required
    def home() -> dict[str, object]:
        assert sso.user is not None
        return {"department": sso.user.claims["department"]}

    shop = app.test_client()
    signed_in(center, browser, person)
    first = shop.get("/", base_url=at)
    back = browser.follow(browser.get(first.headers["Location"]), stop_at=at).location
    shop.get(back.removeprefix(at), base_url=at)
    told = shop.get("/", base_url=at).get_json()
    assert told["department"] == "Care"


def test_a_site_of_others_says_that_it_gets_it(center: CopiedCenter, browser: Browser) -> None:
    person = add_person(center, "--department", "Care")
    client_id, _ = add_client(
        center,
        "--redirect-uri",
        "http://partner.localhost:1/cb",
        "--scope",
        "work",
        "--third-party",
        "--public",
    )
    signed_in(center, browser, person)
    query = {
        "client_id": client_id,
        "redirect_uri": "http://partner.localhost:1/cb",
        "response_type": "code",
        "scope": "openid work",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    asked = browser.follow(browser.get(center.url("/authorize"), params=query))
    assert "<h2>Department</h2>" in asked.text
    assert "<p>Care</p>" in asked.text
