"""Every administrative act, and how console, JSON API and command line are asked for it.

In what is asked `{name}` and `{id}` stand for what the act is about.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sso_center.core.notices import EndingFilter
from tests.admin_api.robot import Robot
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.ports import free_port
from tests.harness.site import Site

ROLE = "sso-admin"
PASSWORD = "a password that nobody tries first"


@dataclass(frozen=True)
class Target:
    """What an act is about: its stable id, and what people call it."""

    id: str
    name: str = ""


@dataclass
class Scene:
    """A center, and who administers it: an admin at the console, a program, and whoever has a terminal."""

    center: Center
    browser: Browser
    robot: Robot
    boss: str = ""

    def sign_in_boss(self) -> None:
        """Let an admin sign in at the console."""
        self.browser.http.cookies.clear()
        boss = self.center.add_person(roles=[ROLE])
        page = self.browser.log_in(self.browser.get(self.center.url("/login")), boss.username, boss.password)
        assert page.status == 303, page.text
        self.boss = boss.sub


@dataclass(frozen=True)
class Act:
    """One act. `tag` is what the audit log calls it; `stored` returns what it changes, as SQL has it.

    `console` is a page and what is typed there, None when it only asks; `api` is method, path and body; `cli`
    are the arguments. None where that surface does not have it.
    """

    tag: str
    prepare: Callable[[Scene], Target]
    stored: Callable[[Scene, Target], Any]
    console: tuple[str, Mapping[str, str] | None] | None = None
    api: tuple[str, str, Any] | None = None
    cli: tuple[str, ...] | None = None


class Refused(Exception):
    """The surface said that the store can't be used right now."""


def by_console(scene: Scene, act: Act, target: Target) -> None:
    assert act.console is not None
    path, fields = act.console
    page = scene.browser.get(scene.center.url(_filled(path, target)))
    assert page.status == 200, page.text
    if fields is not None:
        page = scene.browser.submit(page, "go-on", **_filled(dict(fields), target))
        assert page.status == 200, page.text
    _check(scene.browser.submit(page, "confirm").status)


def by_api(scene: Scene, act: Act, target: Target) -> None:
    assert act.api is not None
    method, path, body = _filled(act.api, target)
    robot = scene.robot
    answer = robot.center.http.request(
        method,
        robot.center.url(f"/api/admin{path}"),
        json=body,
        headers={"Authorization": f"Bearer {robot.token}"},
        timeout=60,
    )
    _check(answer.status_code)
    if answer.status_code == 503:
        assert answer.headers["Retry-After"]


def by_cli(scene: Scene, act: Act, target: Target) -> None:
    assert act.cli is not None
    done = scene.center.run(*_filled(act.cli, target), stdin=f"{PASSWORD}\n", check=False)
    if done.returncode == 2:
        assert "can't be used right now: the audit log refused an entry" in done.stderr
        raise Refused
    assert done.returncode == 0, done.stderr


SURFACES: dict[str, Callable[[Scene, Act, Target], None]] = {
    "console": by_console,
    "api": by_api,
    "cli": by_cli,
}


def surfaces_of(act: Act) -> list[str]:
    """Return which surfaces have an act."""
    return [name for name in SURFACES if getattr(act, name) is not None]


def _check(status: int) -> None:
    if status == 503:
        raise Refused
    assert status in (200, 201, 204, 303), status


def _filled(asked: Any, target: Target) -> Any:
    if isinstance(asked, str):
        return asked.replace("{name}", target.name).replace("{id}", target.id)
    if isinstance(asked, dict):
        return {name: _filled(value, target) for name, value in asked.items()}
    if isinstance(asked, list | tuple):
        return [_filled(value, target) for value in asked]
    return asked


# What acts are about


def new_name(_scene: Scene) -> Target:
    name = f"new-{secrets.token_hex(5)}"
    return Target(name, name)


def person(scene: Scene) -> Target:
    someone = scene.center.add_person(roles=["staff", "extra"])
    return Target(someone.sub, someone.username)


def disabled(scene: Scene) -> Target:
    target = person(scene)
    scene.center.services.users.set_disabled(target.id, True)
    return target


def site(scene: Scene, **registration: Any) -> Target:
    found = scene.center.add_site(**registration)
    return Target(found.client_id, found.client_id)


def keys(_scene: Scene) -> Target:
    return Target("ES256")


def everyone(_scene: Scene) -> Target:
    return Target("")


def role(scene: Scene) -> Target:
    name = f"crew-{secrets.token_hex(4)}"
    scene.center.add_person(roles=[name])
    return Target(name, name)


def session(scene: Scene, at: Site | None = None) -> Target:
    """Let somebody sign in at a site."""
    center, browser = scene.center, Browser()
    signed_in = (at or center.add_site()).sign_in(browser, center.add_person())
    browser.close()
    return Target(signed_in.sid, signed_in.sub)


def ending(scene: Scene) -> Target:
    """End a session whose site answers nobody, so that its notice waits."""
    deaf = scene.center.add_site(backchannel_logout_uri=f"http://127.0.0.1:{free_port()}/logout")
    sid = session(scene, deaf).id
    ended = scene.center.services.endings.end_session(sid, "admin", "cli")  # type: ignore[arg-type]
    assert ended is not None
    return Target(str(ended.number))


# What SQL has of it


def account(scene: Scene, target: Target) -> Any:
    return scene.center.services.users.find(target.name)


def client(scene: Scene, target: Target) -> Any:
    known = {one.client_id: one for one in scene.center.services.clients.list()}
    return known.get(target.id)


def signing(scene: Scene, target: Target) -> Any:
    stored = scene.center.services.keys.stored()
    return {key.kid for key in stored if key.purpose == target.id and key.state == "active"}


def endings_of_session(scene: Scene, target: Target) -> Any:
    return len(scene.center.services.receipts.endings(EndingFilter(sid=target.id)))


def cutoffs(scene: Scene, target: Target) -> Any:
    found = scene.center.services.receipts.endings(EndingFilter(kinds=("cutoff",)), limit=500)
    return sum(one.name == target.id for one in found)


def due_since(scene: Scene, target: Target) -> Any:
    return [receipt.created_at for receipt in scene.center.services.receipts.of(int(target.id))]


ACTS: dict[str, Act] = {
    "add_user": Act(
        "admin:user:add",
        new_name,
        account,
        ("/admin/users/new", {"username": "{name}", "roles": "staff"}),
        ("POST", "/users", {"username": "{name}", "roles": ["staff"]}),
        ("users", "add", "{name}", "--role", "staff", "--password-stdin"),
    ),
    "change_user": Act(
        "admin:user:change",
        person,
        account,
        ("/admin/users/{id}/edit", {"name": "Another Name", "roles": "staff", "email": "a@example.org"}),
        ("PATCH", "/users/{id}", {"name": "Another Name", "roles": ["staff"], "email": "a@example.org"}),
        (
            "users",
            "update",
            "{name}",
            "--name",
            "Another Name",
            "--role",
            "staff",
            "--email",
            "a@example.org",
        ),
    ),
    "set_roles": Act(
        "admin:user:change",
        person,
        account,
        ("/admin/users/{id}/edit", {"roles": "extra, other"}),
        ("PUT", "/users/{id}/roles", {"roles": ["extra", "other"]}),
        ("users", "set-roles", "{name}", "--role", "extra", "--role", "other"),
    ),
    "disable_user": Act(
        "admin:user:disable",
        person,
        account,
        ("/admin/users/{id}/disable", None),
        ("PUT", "/users/{id}/disabled", {"disabled": True}),
        ("users", "disable", "{name}"),
    ),
    "enable_user": Act(
        "admin:user:enable",
        disabled,
        account,
        ("/admin/users/{id}/enable", None),
        ("PUT", "/users/{id}/disabled", {"disabled": False}),
        ("users", "enable", "{name}"),
    ),
    "set_password": Act(
        "admin:password:set",
        person,
        account,
        ("/admin/users/{id}/password", None),
        ("POST", "/users/{id}/password-reset", {}),
        ("users", "set-password", "{name}", "--password-stdin", "--must-change"),
    ),
    "remove_user": Act(
        "admin:user:remove",
        person,
        account,
        ("/admin/users/{id}/remove", None),
        ("DELETE", "/users/{id}", None),
        ("users", "remove", "{name}"),
    ),
    "register_client": Act(
        "admin:client:add",
        new_name,
        client,
        ("/admin/clients/new", {"client_id": "{id}", "redirect_uris": "https://{id}.example/cb"}),
        ("POST", "/clients", {"client_id": "{id}", "redirect_uris": ["https://{id}.example/cb"]}),
        ("clients", "add", "{id}", "--redirect-uri", "https://{id}.example/cb"),
    ),
    "change_client": Act(
        "admin:client:change",
        site,
        client,
        ("/admin/clients/{id}/edit", {"name": "Another", "home_uri": "https://{id}.example/"}),
        ("PATCH", "/clients/{id}", {"name": "Another", "home_uri": "https://{id}.example/"}),
        ("clients", "update", "{id}", "--name", "Another", "--home-uri", "https://{id}.example/"),
    ),
    "rotate_secret": Act(
        "admin:client-secret:rotate",
        site,
        client,
        ("/admin/clients/{id}/secret", None),
        ("POST", "/clients/{id}/secret", None),
        ("clients", "rotate-secret", "{id}"),
    ),
    "remove_client": Act(
        "admin:client:remove",
        site,
        client,
        ("/admin/clients/{id}/remove", None),
        ("DELETE", "/clients/{id}", None),
        ("clients", "remove", "{id}"),
    ),
    "rotate_keys": Act(
        "admin:keys:rotate",
        keys,
        signing,
        ("/admin/keys/rotate?purpose={id}", None),
        ("POST", "/keys/rotate", {"purpose": "{id}"}),
        ("keys", "rotate", "--purpose", "{id}"),
    ),
    "end_session": Act(
        "center:session:end",
        session,
        endings_of_session,
        ("/admin/sessions/{id}/end", None),
        ("DELETE", "/sessions/{id}", None),
        ("sessions", "end", "{id}"),
    ),
    "end_user": Act(
        "center:cut-off:set",
        person,
        cutoffs,
        ("/admin/end/user?name={name}", None),
        ("POST", "/endings", {"scope": "user", "name": "{id}"}),
        ("logout", "--user", "{name}", "--no-wait"),
    ),
    "end_client": Act(
        "center:cut-off:set",
        site,
        cutoffs,
        ("/admin/end/client?name={id}", None),
        ("POST", "/endings", {"scope": "client", "name": "{id}"}),
        ("logout", "--client", "{id}", "--no-wait"),
    ),
    "end_role": Act(
        "center:cut-off:set",
        role,
        cutoffs,
        ("/admin/end/role?name={id}", None),
        ("POST", "/endings", {"scope": "role", "name": "{id}"}),
        ("logout", "--role", "{id}", "--no-wait"),
    ),
    "end_everyone": Act(
        "center:cut-off:set",
        everyone,
        cutoffs,
        ("/admin/end/everyone", None),
        ("POST", "/endings", {"scope": "everyone"}),
        ("logout", "--everyone", "--no-wait"),
    ),
    "deliver_again": Act(
        "admin:notice:repeat",
        ending,
        due_since,
        ("/admin/endings/{id}/deliver", None),
        ("POST", "/endings/{id}/deliver", {}),
        ("endings", "deliver-again", "{id}"),
    ),
}
