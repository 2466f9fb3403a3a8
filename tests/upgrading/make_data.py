"""Makes the data folder that the tests of upgrading open: run it with the version that the data is to be of.

    git worktree add /tmp/old 1c80983 && make -C /tmp/old install
    cd /tmp/old && PYTHONPATH=. .venv/bin/python HERE/make_data.py HERE/data-1c80983.tar.xz

Nothing of it is imported by the tests: it knows that version alone, and its tests' harness. The archive holds
`data/` (SQLite, Valkey, secret.key) and `known.json`: what people and sites of that time have in their hands.
"""

import json
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import valkey
from sqlalchemy import select

from sso_center.base.settings import load_settings
from sso_center.core.audit import Tag
from sso_center.storage.embedded import EmbeddedServer
from sso_center.storage.schema import notices
from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.ports import free_port
from tests.harness.site import Site
from tests.harness.waiting import eventually
from tests.oidc.exchange import refreshed, tokens_for

ISSUER = "http://sso.localhost:9000"
REFRESHING = ("authorization_code", "refresh_token")
HOUR, DAY = 3600, 86_400
YEAR_2100 = 4_102_444_800


class Maker:
    """A center of that version, and what the people and the sites keep."""

    def __init__(self, folder: Path) -> None:
        self.center = Center(folder)
        self.center.issuer = ISSUER
        # The port is of this machine and this hour; the issuer is what stands in tokens.
        self.center.settings["SSO_ISSUER"] = ISSUER
        self.center.http = _to(self.center.http, self.center.port)
        self.known: dict[str, Any] = {
            "issuer": ISSUER,
            "people": {},
            "sites": {},
            "cookies": {},
            "tokens": {},
        }

    def person(self, username: str, **options: Any) -> Person:
        person = self.center.add_person(username, **options)
        self.known["people"][username] = {
            "password": person.password,
            "email": person.email,
            "roles": person.roles,
            "sub": person.sub,
        }
        return person

    def site(self, client_id: str, **registration: Any) -> Site:
        site = self.center.add_site(client_id, **registration)
        _to(site.http, self.center.port)
        self.known["sites"][client_id] = {"secret": site.client_secret, "redirect_uri": site.redirect_uri}
        return site

    def browser(self) -> Browser:
        browser = Browser()
        _to(browser.http, self.center.port)
        return browser

    def keep(self, name: str, browser: Browser) -> None:
        self.known["cookies"][name] = browser.cookies_for("sso.localhost")

    def make(self) -> None:
        center = self.center
        alice = self.person("alice", roles=["staff", "editor"])
        bob = self.person("bob", roles=["staff"])
        carol = self.person("carol")
        dave = self.person("dave")
        erin = self.person("erin", roles=["sso-admin"])
        center.services.users.set_password(bob.sub, bob.password, must_change=True)

        gone = f"http://127.0.0.1:{free_port()}/gone"
        shop = self.site("shop", name="The Shop", grant_types=REFRESHING, backchannel_logout_uri=gone)
        spa = self.site("spa", is_public=True, grant_types=REFRESHING)
        reports = self.site(
            "reports",
            access_token_format="jwt",
            grant_types=REFRESHING,
            scopes=("offline_access",),
            backchannel_logout_uri=gone,
            id_token_alg="RS256",
        )
        api = self.site("api", may_introspect=True, grant_types=("client_credentials",), scopes=("orders",))
        phone = self.site("phone", is_public=True, access_token_format="app", audiences=("api",))
        partner = self.site("partner", is_third_party=True, name="Partner & Co", scopes=("orders:read",))
        robot = self.site("robot", grant_types=("client_credentials",), scopes=("sso:admin",))
        wiki = self.site(
            "wiki",
            frontchannel_logout_uri="http://wiki.localhost:1/out",
            post_logout_redirect_uris=("http://wiki.localhost:1/",),
        )
        center.start()

        self.live(
            alice, dave, erin, shop=shop, spa=spa, reports=reports, phone=phone, partner=partner, wiki=wiki
        )
        # What was signed so far is verified with a retired key from now on.
        center.run("keys", "rotate")
        self.machines(api, robot)
        self.ended(alice, carol, shop, reports)
        eventually(self._is_drained, within=60, what="the audit log")

    def live(self, alice: Person, dave: Person, erin: Person, **sites: Site) -> None:
        """Sessions and tokens that are still good."""
        center, tokens = self.center, self.known["tokens"]
        remembered = self.remembered = self.browser()
        sites["wiki"].sign_in(remembered, alice, remember="on")
        first = tokens_for(remembered, sites["shop"])
        tokens["shop-used-refresh"] = first["refresh_token"]
        tokens["shop"] = refreshed(sites["shop"], first["refresh_token"])
        tokens["spa"] = tokens_for(remembered, sites["spa"])
        tokens["reports"] = tokens_for(remembered, sites["reports"], scope="openid offline_access")
        tokens["phone"] = tokens_for(remembered, sites["phone"], device_id="phone of alice")
        # The session cookie, the app token: each was told its successor once, and uses it.
        center.move_clock(3 * HOUR)
        remembered.get(center.url("/account"))
        self.keep("alice", remembered)
        tokens["phone-successor"] = self.introspect(tokens["phone"]["access_token"])["successor"]

        at_partner = self.browser()
        attempt = sites["partner"].attempt(scope="openid email")
        page = at_partner.log_in(sites["partner"].visit(at_partner, attempt), dave.username, dave.password)
        page = at_partner.follow(page, stop_at=sites["partner"].redirect_uri)
        page = at_partner.follow(
            at_partner.submit(page, "consent-allow"), stop_at=sites["partner"].redirect_uri
        )
        sites["partner"].finish(sites["partner"].code_in(page, attempt), attempt)
        sites["shop"].sign_in(at_partner)
        self.keep("dave", at_partner)

        admin = self.browser()
        sites["wiki"].sign_in(admin, erin)
        self.keep("erin", admin)

    def introspect(self, token: str) -> dict[str, Any]:
        api = next(site for site in self.center._sites if site.client_id == "api")
        return api.introspect(token)

    def machines(self, api: Site, robot: Site) -> None:
        """Clients that act for themselves."""
        for site in (api, robot):
            answer = site.post("/token", {"grant_type": "client_credentials"})
            assert answer.status_code == 200, answer.text
            self.known["tokens"][site.client_id] = answer.json()
        token = self.known["tokens"]["robot"]["access_token"]
        answer = robot.http.post(
            self.center.url("/api/admin/users"),
            json={"username": "frank", "roles": ["staff"], "name": "Frank of the API"},
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text

    def ended(self, alice: Person, carol: Person, shop: Site, reports: Site) -> None:
        """Sessions and tokens that are over; the sites, which are away, do not know yet."""
        center, known = self.center, self.known
        # Signed out by hand.
        other = self.browser()
        known["signed_out_sid"] = shop.sign_in(other, alice).sid
        known["tokens"]["signed-out"] = tokens_for(other, shop)
        self.keep("signed-out", other)
        other.submit(other.get(center.url("/logout")), "logout-confirm")
        # Ended by an admin, at two sites.
        another = self.browser()
        known["admin_sid"] = shop.sign_in(another, alice).sid
        known["tokens"]["ended-jwt"] = tokens_for(another, reports)
        self.keep("ended-by-admin", another)
        center.run("sessions", "end", known["admin_sid"])
        # Disabled, which ends what there is.
        last = self.browser()
        known["disabled_sid"] = shop.sign_in(last, carol).sid
        self.keep("carol", last)
        center.run("users", "disable", "carol")
        # A family given back.
        given = tokens_for(self.remembered, shop)
        known["tokens"]["revoked"] = given
        assert shop.post("/revoke", {"token": given["refresh_token"]}).status_code == 200
        # A failed login, and a role lost without an ending.
        stranger = self.browser()
        page = stranger.get(center.url("/login"))
        assert stranger.log_in(page, "alice", "wrong-password").status == 403
        center.run("users", "set-roles", "frank", "--role", "reader")
        # Tried at least once, and still due.
        eventually(self._was_tried, within=60, what="a try of the notices")

    def _was_tried(self) -> bool:
        due = select(notices.c.attempts).where(notices.c.state == "pending")
        with self.center.services.database.read() as connection:
            attempts = list(connection.execute(due).scalars())
        return len(attempts) == 4 and max(attempts) > 0

    def _is_drained(self) -> bool:
        redeemed = self.center.services.audit.latest(500, sub=self.known["people"]["alice"]["sub"])
        return any(entry.tag == Tag.LOGIN_FAILED for entry in redeemed) and len(redeemed) > 10

    def finish(self, archive: Path) -> None:
        """Stop it, and pack what it leaves."""
        self.known["made_at"] = self.center.clock.now_ms()
        self.center.close()
        lengthen_lives(load_settings(self.center.settings).data_dir)
        known = self.center.folder / "known.json"
        known.write_text(json.dumps(self.known, indent=1, sort_keys=True))
        with tarfile.open(archive, "w:xz") as packed:
            packed.add(known, "known.json")
            for file in sorted(self.center.data_dir.rglob("*")):
                name = file.relative_to(self.center.data_dir)
                if (
                    file.is_file()
                    and name.parts[0] != "metrics"
                    and file.suffix not in (".log", ".lock", ".pid", ".sock")
                ):
                    packed.add(file, f"data/{name}")


def lengthen_lives(data_dir: Path) -> None:
    """Let the keys in Valkey live until 2100.

    The center's clock can be moved back to this day, that of Valkey can't: it would drop all of them at its
    start. Nothing reads an expiry but to forget; a deadline is a field.
    """
    server = EmbeddedServer(data_dir)
    server.join()
    with valkey.Valkey(unix_socket_path=str(server.socket_path)) as client:
        for key in client.scan_iter():
            client.expireat(key, YEAR_2100)
        client.config_set("appendfsync", "always")
        client.bgrewriteaof()
        eventually(lambda: not client.info("persistence")["aof_rewrite_in_progress"])
    server.leave()


def _to(session: Any, port: int) -> Any:
    """Send what is for the issuer's port to another."""
    adapter = session.get_adapter(ISSUER)
    plain = adapter.get_connection_with_tls_context

    def connect(request: Any, *args: Any, **kwargs: Any) -> Any:
        if request.url.startswith(ISSUER):
            return adapter.poolmanager.connection_from_host("127.0.0.1", port, "http")
        return plain(request, *args, **kwargs)

    adapter.get_connection_with_tls_context = connect
    return session


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(Path(folder))
        maker.make()
        maker.finish(Path(sys.argv[1]))
