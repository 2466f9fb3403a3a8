"""A Redis that came back from an old copy, or empty, accepts nothing that was taken back meanwhile."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_center.core.reasons import Reason
from tests.harness.browser import Browser
from tests.harness.center import Center
from tests.harness.site import Site


@pytest.fixture
def center(new_center: Callable[..., Center]) -> Center:
    return new_center()


@pytest.fixture
def site(center: Center) -> Site:
    return center.add_site()


def go_back_to(copy: Path, center: Center) -> None:
    center.stop()
    shutil.rmtree(center.data_dir / "valkey")
    shutil.copytree(copy, center.data_dir / "valkey")
    center.start()


def copy_of(center: Center) -> Path:
    center.stop()
    copy = center.folder / "copy"
    shutil.copytree(center.data_dir / "valkey", copy, ignore=shutil.ignore_patterns("*.sock", "*.pid"))
    center.start()
    return copy


def is_in(site: Site, browser: Browser) -> bool:
    page = browser.get(site.attempt(prompt="none").url)
    return "code" in page.query


def test_a_store_restored_from_an_old_copy_brings_no_ended_session_back(
    center: Center, site: Site, new_browser: Callable[..., Browser]
) -> None:
    names = ("stays", "leaves", "is_cut_off", "is_disabled")
    people = {name: (center.add_person(), new_browser()) for name in names}
    at_site = {name: site.sign_in(browser, person) for name, (person, browser) in people.items()}
    copy = copy_of(center)

    core = center.services
    core.endings.end_session(at_site["leaves"].sid, Reason.LOGOUT, "test")
    list(core.mass_endings.end("user", people["is_cut_off"][0].sub, Reason.ADMIN, "test"))
    core.users.set_disabled(people["is_disabled"][0].sub, True)
    go_back_to(copy, center)

    for name, (_, browser) in people.items():
        should_be_in = name == "stays"
        assert is_in(site, browser) is should_be_in, name
        assert site.is_alive(at_site[name].sid) is should_be_in, name
        assert site.introspect(at_site[name].access_token)["active"] is should_be_in, name


def test_a_revoked_family_stays_revoked_in_a_restored_store(
    center: Center, site: Site, browser: Browser
) -> None:
    site.sign_in(browser, center.add_person())
    attempt = site.attempt()
    code = site.code_for(browser, attempt)
    given = site.finish(code, attempt)
    copy = copy_of(center)

    assert site.redeem(code, attempt).status_code == 400
    go_back_to(copy, center)

    assert site.introspect(given.access_token) == {"active": False}


def test_a_store_that_came_back_voids_the_grants_issued_before(
    center: Center, site: Site, browser: Browser
) -> None:
    site.sign_in(browser, center.add_person())
    attempt = site.attempt()
    code = site.code_for(browser, attempt)
    copy = copy_of(center)
    go_back_to(copy, center)

    # The copy may be older than a redemption: whether this code was spent can't be known.
    assert site.redeem(code, attempt).json()["error"] == "invalid_grant"
    assert is_in(site, browser)


def test_a_store_that_came_back_empty_signs_people_out_and_accepts_nothing(
    center: Center, site: Site, browser: Browser
) -> None:
    given = site.sign_in(browser, center.add_person())
    center.stop()
    shutil.rmtree(center.data_dir / "valkey")
    center.start()
    assert not is_in(site, browser)
    assert not site.is_alive(given.sid)
    assert site.introspect(given.access_token) == {"active": False}


def test_sessions_survive_a_restart_of_everything(center: Center, site: Site, browser: Browser) -> None:
    given = site.sign_in(browser, center.add_person())
    center.stop()
    center.start()
    assert is_in(site, browser)
    assert site.is_alive(given.sid)
    assert site.introspect(given.access_token)["active"]


def test_a_running_store_that_is_emptied_is_noticed_at_the_next_request(
    center: Center, site: Site, browser: Browser
) -> None:
    given = site.sign_in(browser, center.add_person())
    center.services.endings.end_session(given.sid, Reason.ADMIN, "test")
    center.hot.empty()
    assert not site.is_alive(given.sid)
    again = site.sign_in(browser, center.add_person())
    assert site.is_alive(again.sid)
