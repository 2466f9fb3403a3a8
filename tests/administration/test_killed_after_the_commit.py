"""`kill -9` between the commit of an act and its write to Redis: after the restart it holds everywhere."""

import secrets
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import jwt
import pytest

from tests.administration.acts import PASSWORD, ROLE
from tests.harness.browser import Browser
from tests.harness.center import ROOT, Center, Person
from tests.harness.site import SignedIn, Site
from tests.harness.waiting import eventually


@dataclass
class Visitor:
    """Somebody who is signed in at a site in a browser, and what is known of it."""

    center: Center
    person: Person
    site: Site
    browser: Browser
    signed_in: SignedIn

    @property
    def is_alive(self) -> bool:
        """Whether the center still says so to the site."""
        return self.site.is_alive(self.signed_in.sid)

    @property
    def is_in(self) -> bool:
        """Whether the browser is still signed in at the center."""
        return self.browser.get(self.center.url("/account")).status == 200

    @property
    def status_at_the_console(self) -> int:
        """What the console answers."""
        return self.browser.get(self.center.url("/admin")).status

    @property
    def is_active(self) -> bool:
        """Whether the access token counts."""
        return bool(self.site.introspect(self.signed_in.access_token)["active"])


def visitor(center: Center, *roles: str) -> Visitor:
    person, site, browser = center.add_person(roles=roles), center.add_site(), Browser()
    return Visitor(center, person, site, browser, site.sign_in(browser, person))


Plan = tuple[tuple[str, ...], Callable[[], bool]]
"""What is asked for on the command line, and whether it holds."""


def add_user(center: Center) -> Plan:
    name = f"new-{secrets.token_hex(5)}"
    arguments = ("users", "add", name, "--password-stdin")
    browser = Browser()

    def may_sign_in() -> bool:
        page = browser.get(center.url("/login"))
        return browser.log_in(page, name, PASSWORD).status == 303

    return arguments, may_sign_in


def take_role(center: Center) -> Plan:
    boss = visitor(center, ROLE)
    return ("users", "set-roles", boss.person.username), lambda: boss.status_at_the_console == 403


def disable_user(center: Center) -> Plan:
    one = visitor(center)
    return ("users", "disable", one.person.username), lambda: not (one.is_in or one.is_alive or one.is_active)


def enable_user(center: Center) -> Plan:
    someone, browser = center.add_person(), Browser()
    center.services.users.set_disabled(someone.sub, True)

    def may_sign_in() -> bool:
        page = browser.get(center.url("/login"))
        return browser.log_in(page, someone.username, someone.password).status == 303

    return ("users", "enable", someone.username), may_sign_in


def set_password(center: Center) -> Plan:
    one = visitor(center)
    arguments = ("users", "set-password", one.person.username, "--password-stdin")
    return arguments, lambda: not (one.is_in or one.is_alive or one.is_active)


def remove_user(center: Center) -> Plan:
    one = visitor(center)
    return ("users", "remove", one.person.username), lambda: not (one.is_in or one.is_alive or one.is_active)


def register_client(center: Center) -> Plan:
    name = f"new-{secrets.token_hex(5)}"
    address = f"https://{name}.example/cb"
    query = f"client_id={name}&redirect_uri={address}&response_type=code&scope=openid"

    def is_known() -> bool:
        return center.get(f"/authorize?{query}").status_code in (302, 303)

    return ("clients", "add", name, "--redirect-uri", address), is_known


def change_client(center: Center) -> Plan:
    site = center.add_site()
    query = f"client_id={site.client_id}&redirect_uri={site.redirect_uri}&response_type=code&scope=openid"

    def is_refused() -> bool:
        return center.get(f"/authorize?{query}").status_code == 400

    arguments = ("clients", "update", site.client_id, "--redirect-uri", "https://other.example/cb")
    return arguments, is_refused


def rotate_secret(center: Center) -> Plan:
    site = center.add_site()

    def is_refused() -> bool:
        return site.post("/introspect", {"token": "x"}).status_code == 401

    return ("clients", "rotate-secret", site.client_id), is_refused


def remove_client(center: Center) -> Plan:
    one = visitor(center)

    def is_gone() -> bool:
        """Not even the next who has this id gets anything of it."""
        view = center.services.sessions.view(one.signed_in.sid)
        is_refused = one.site.post("/introspect", {"token": "x"}).status_code == 401
        return is_refused and view is not None and one.site.client_id not in view.client_ids

    return ("clients", "remove", one.site.client_id), is_gone


def rotate_keys(center: Center) -> Plan:
    one = visitor(center)
    before = jwt.get_unverified_header(one.signed_in.id_token)["kid"]

    def is_signed_with_the_next() -> bool:
        token = one.site.sign_in(one.browser).id_token
        return bool(jwt.get_unverified_header(token)["kid"] != before)

    return ("keys", "rotate", "--purpose", "ES256"), is_signed_with_the_next


def end_session(center: Center) -> Plan:
    one = visitor(center)
    return ("sessions", "end", one.signed_in.sid), lambda: not (one.is_in or one.is_alive or one.is_active)


def end_user(center: Center) -> Plan:
    one = visitor(center)
    arguments = ("logout", "--user", one.person.username)
    return arguments, lambda: not (one.is_in or one.is_alive or one.is_active)


def end_client(center: Center) -> Plan:
    one = visitor(center)
    return (
        "logout",
        "--client",
        one.site.client_id,
    ), lambda: one.is_in and not (one.is_alive or one.is_active)


def end_role(center: Center) -> Plan:
    role = f"crew-{secrets.token_hex(4)}"
    one = visitor(center, role)
    return ("logout", "--role", role), lambda: not (one.is_in or one.is_alive or one.is_active)


ACTS: dict[str, Callable[[Center], Plan]] = {
    act.__name__: act
    for act in (
        add_user,
        take_role,
        disable_user,
        enable_user,
        set_password,
        remove_user,
        register_client,
        change_client,
        rotate_secret,
        remove_client,
        rotate_keys,
        end_session,
        end_user,
        end_client,
        end_role,
    )
}


@pytest.fixture(scope="module", params=["stopped", "running"])
def held(
    request: pytest.FixtureRequest, new_module_center: Callable[..., Center]
) -> dict[str, Callable[[], bool]]:
    """Kill each act after its commit, while the center is stopped or beside it; returns what is to hold."""
    center = new_module_center()
    plans = {name: plan(center) for name, plan in ACTS.items()}
    assert not any(holds() for _, holds in plans.values())
    if request.param == "stopped":
        center.stop()
    for arguments, _ in plans.values():
        kill_after_the_commit(center, arguments)
    if request.param == "stopped":
        center.start()
    return {name: holds for name, (_, holds) in plans.items()}


def kill_after_the_commit(center: Center, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.administration.dying", *arguments],
        cwd=ROOT,
        env=center.environ,
        input=f"{PASSWORD}\n",
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, (arguments, done.stdout, done.stderr)


@pytest.mark.parametrize("act", ACTS)
def test_an_act_whose_process_is_killed_after_the_commit_holds(
    held: dict[str, Callable[[], bool]], act: str
) -> None:
    eventually(held[act], what=act)
