"""A center whose name every C library resolves and whose clock nobody moves: its clients are not ours."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import requests

from tests.harness.browser import Browser, Page
from tests.harness.center import LIFELINE, ROOT, Center, Person
from tests.harness.needs import NODE_CLIENTS
from tests.harness.ports import free_port
from tests.harness.waiting import eventually

PROGRAMS = {
    "authlib": (sys.executable, str(ROOT / "tests" / "clients" / "authlib_site.py")),
    "openid-client": ("node", str(NODE_CLIENTS / "site.mjs")),
}

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")


@dataclass(frozen=True)
class ForeignSite:
    """A running site that is built on somebody else's client."""

    url: str
    center: Center
    client_id: str

    def enter(self, browser: Browser, person: Person | None = None) -> Page:
        """Log in with `browser`, typing `person`'s password when asked; returns where that ends."""
        page = browser.follow(browser.get(f"{self.url}/login"))
        if person is not None:
            page = browser.follow(browser.log_in(page, person.username, person.password))
        return page


@pytest.fixture(scope="package")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    center = Center(tmp_path_factory.mktemp("center"), host="localhost")
    try:
        yield center.start()
    finally:
        center.close()


@pytest.fixture(scope="package")
def person(center: Center) -> Person:
    return center.add_person("alice")


@pytest.fixture
def new_foreign_site(center: Center) -> Iterator[Callable[..., ForeignSite]]:
    """Register and run a site: `new_foreign_site("authlib", algorithm="ES256", is_public=False)`."""
    running: list[subprocess.Popen[bytes]] = []

    def make(
        library: str, *, algorithm: str = "ES256", is_public: bool = False, form: str = "opaque"
    ) -> ForeignSite:
        port = free_port()
        url = f"http://localhost:{port}"
        site = center.add_site(
            redirect_uri=f"{url}/callback",
            post_logout_redirect_uris=(f"{url}/bye",),
            id_token_alg=algorithm,
            is_public=is_public,
            access_token_format=form,
            scopes=("orders",),
            grant_types=GRANT_TYPES[:2] if is_public else GRANT_TYPES,
        )
        environ = {
            "ISSUER": center.issuer,
            "CLIENT_ID": site.client_id,
            "CLIENT_SECRET": site.client_secret,
            "ALGORITHM": algorithm,
            "PORT": str(port),
        }
        command = [*LIFELINE, *PROGRAMS[library]]
        running.append(subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ}))
        eventually(lambda: _answers(url), what=f"the start of {library}")
        return ForeignSite(url, center, site.client_id)

    yield make
    for process in running:
        process.terminate()
        process.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 401
    except requests.ConnectionError:
        return False
