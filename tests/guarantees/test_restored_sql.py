"""SQL is restored from a copy, and Redis knows more: nothing is accepted until the store starts over."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_center.core.reasons import Reason
from tests.harness.browser import Browser
from tests.harness.center import Center, Person
from tests.harness.site import SignedIn, Site
from tests.harness.waiting import eventually


@pytest.fixture
def center(new_center: Callable[..., Center]) -> Center:
    return new_center()


def copy_of(center: Center) -> Path:
    """Copy the database while the center runs, as docs/backup.md tells."""
    copy = center.folder / "copy.db"
    with sqlite3.connect(center.data_dir / "center.db") as running, sqlite3.connect(copy) as written:
        running.backup(written)
    written.close()
    running.close()
    return copy


def put_back(copy: Path, center: Center) -> None:
    center.stop()
    for name in ("center.db", "center.db-wal", "center.db-shm"):
        (center.data_dir / name).unlink(missing_ok=True)
    (center.data_dir / "center.db").write_bytes(copy.read_bytes())
    center.start()


class Somebody:
    """A person, their browser, and what a site got of them."""

    def __init__(self, center: Center, site: Site, browser: Browser) -> None:
        self.center, self.site, self.browser = center, site, browser
        self.person: Person = center.add_person()
        self.at_site: SignedIn = site.sign_in(browser, self.person)

    def is_in(self) -> bool:
        """Say whether anything of what they had still counts."""
        page = self.browser.get(self.site.attempt(prompt="none").url)
        assert page.status != 503
        is_active = self.site.introspect(self.at_site.access_token)["active"]
        return "code" in page.query or self.site.is_alive(self.at_site.sid) or is_active


def marks_are_moved(center: Center) -> bool:
    services = center.services
    return services.entries.count_unapplied() == 0


def test_a_restored_sql_store_is_refused_until_it_starts_over_and_then_nobody_is_in(
    center: Center, new_browser: Callable[..., Browser]
) -> None:
    site = center.add_site()
    leaver, stayer = (Somebody(center, site, new_browser()) for _ in range(2))
    copy = copy_of(center)
    before = center.services.entries.lineage()
    later = center.add_person()
    center.services.users.set_disabled(stayer.person.sub, True)
    center.services.users.set_disabled(stayer.person.sub, False)
    center.services.endings.end_session(leaver.at_site.sid, Reason.LOGOUT, "test")
    eventually(lambda: marks_are_moved(center), what="the marks")

    put_back(copy, center)

    # The journal has forgotten what the shard was brought up to: what else it forgot can't be known.
    assert leaver.browser.get(site.attempt(prompt="none").url).status == 503
    found = center.run("doctor", check=False)
    assert found.returncode == 1
    assert "an older SQL copy was restored" in found.stdout
    eventually(lambda: "sso-center doctor --restore" in center.log, what="a word in the log")

    assert center.run("doctor", "--yes", check=False).returncode == 2
    refused = center.run("doctor", "--restore", stdin="n\n", check=False)
    assert refused.returncode == 1
    assert "more: those are lost" in refused.stdout
    assert center.services.entries.lineage() == before
    done = center.run("doctor", "--restore", "--yes")
    assert "everyone is signed out" in done.stdout
    lineage = center.services.entries.lineage()
    assert lineage != before

    assert not leaver.is_in()
    assert not stayer.is_in()
    for one in (leaver, stayer):
        again = site.sign_in(one.browser, one.person)
        assert site.is_alive(again.sid)
    assert center.services.redis.marker(again.sid[:2]).lineage == lineage
    # What the shard remembers of a person from the lost time gives way to what is changed from now on.
    center.services.users.set_disabled(stayer.person.sub, True)
    assert not site.is_alive(again.sid)
    assert later.username not in center.run("users", "list").stdout
    assert "an older SQL copy" not in center.run("doctor", check=False).stdout
