"""The README's own site runs as it stands there, against a real center."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.browser import Browser
from tests.harness.center import LIFELINE, ROOT, Center
from tests.harness.ports import free_port
from tests.harness.waiting import eventually

README = (ROOT / "README.md").read_text()


def test_the_readmes_five_lines_sign_people_in_and_out(
    new_center: Callable[..., Center], browser: Browser, tmp_path: Path
) -> None:
    center, port = new_center(), free_port()

    def here(text: str) -> str:
        """Return a part of the README with the ports of this test."""
        return text.replace("sso.localhost:9000", f"sso.localhost:{center.port}").replace("9001", str(port))

    register = re.search(r"^    sso-center (clients add (?:.*\\\n)+.*)", README, re.M)
    lines = re.search(r"^```python\n(.*?)^```", README, re.M | re.S)
    start = re.search(r"^    flask (--app shop .*)", README, re.M)
    assert register
    assert lines
    assert start
    words = shlex.split(here(register[1]).replace("\\\n", ""))
    secret = json.loads(center.run(*words).stdout)["client_secret"]
    center.secrets.add(secret)
    (tmp_path / "shop.py").write_text(
        here(lines[1]).replace('client_secret="..."', f'client_secret="{secret}"')
    )
    person = center.add_person("alice")

    with running(shlex.split(here(start[1]), comments=True), tmp_path) as said:
        shop = f"http://shop.localhost:{port}/"
        eventually(lambda: "Running on" in said(), what="the start of the site")
        login = browser.follow(browser.get(shop))
        assert login.url.startswith(center.issuer)
        page = browser.follow(browser.log_in(login, person.username, person.password))
        assert (page.url, page.status, page.text) == (shop, 200, "hello alice")
        center.run("logout", "--user", "alice")
        eventually(lambda: '"POST /sso/backchannel-logout HTTP/1.1" 200' in said(), what="the logout token")
        assert browser.get(shop).location.startswith(center.issuer)


@contextmanager
def running(words: list[str], folder: Path) -> Iterator[Callable[[], str]]:
    """Run `flask WORDS` in `folder`; yields what it said so far."""
    log = folder / "log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SSO_")}
    with log.open("wb") as opened:
        site = subprocess.Popen(
            [*LIFELINE, sys.executable, "-m", "flask", *words],
            cwd=folder,
            env=inherited,
            stdout=opened,
            stderr=subprocess.STDOUT,
        )
    try:
        yield log.read_text
    finally:
        site.terminate()
        site.wait(timeout=60)
