"""Fixtures and rules for all tests; what they are made of is in tests/harness."""

import gc
import os
import random
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.harness.browser import Browser
from tests.harness.center import RUNNING, Center, Person
from tests.harness.needs import MARKERS
from tests.harness.receiver import Receiver
from tests.harness.turns import Turns

_turns = pytest.StashKey[Turns]()
_failed = pytest.StashKey[bool]()


# Rules


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shuffle",
        metavar="SEED",
        help="run files, and the tests within each, in a random order; the same one for the same SEED",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: compares speeds, so no other test runs meanwhile")
    config.addinivalue_line("markers", "prove: tries its luck rounds(N) times, all of them in `make prove`")
    for name, reason in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: skipped when the program is missing ({reason.__doc__})")


LONG = ("journeys", "packaging", "guarantees", "stories", "cli")
"""Folders whose tests take longest: begun first, so that no process is left alone with them in the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.nodeid.removeprefix("tests/").partition("/")[0] not in LONG)
    if (seed := config.getoption("shuffle")) is not None:
        items[:] = _shuffled(items, random.Random(seed))


def _shuffled(items: list[pytest.Item], luck: random.Random) -> list[pytest.Item]:
    # A file stays together: it has fixtures of its own, and one process runs it.
    files = [list(mine) for _, mine in groupby(items, key=lambda item: item.path)]
    luck.shuffle(files)
    for mine in files:
        luck.shuffle(mine)
    return [item for mine in files for item in mine]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers():
        reason = MARKERS[marker.name]() if marker.name in MARKERS else ""
        if reason:
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    with _the_turns(item.config).take(alone=item.get_closest_marker("alone") is not None):
        done = yield
    if item.stash.get(_failed, False):
        _forget_what_failed()
    return done


def _forget_what_failed() -> None:
    # A traceback keeps open what its functions had opened: found during a later test, it would fail that one.
    kept = vars(sys)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        traceback.clear_frames(kept.pop("last_traceback", None))
        for name in ("last_type", "last_value", "last_exc"):
            kept.pop(name, None)
        gc.collect()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    _refuse_skips(report)
    if report.failed:
        item.stash[_failed] = True
        report.sections += [(f"log of {center.issuer}", center.log[-5000:]) for center in RUNNING]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    report = yield
    _refuse_skips(report)
    return report


def _refuse_skips(report: Any) -> None:
    # Where everything is installed a skip is a hole in the proof: SSO_TESTS_NO_SKIP turns it into a failure.
    if report.skipped and os.environ.get("SSO_TESTS_NO_SKIP") and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here: {reason}"


def _the_turns(config: pytest.Config) -> Turns:
    if _turns not in config.stash:
        config.stash[_turns] = Turns(_folder_of_the_run(config))
    return config.stash[_turns]


def _folder_of_the_run(config: pytest.Config) -> Path:
    # The workers of one run share the folder above theirs.
    base = config._tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def pytest_unconfigure(config: pytest.Config) -> None:
    if _turns in config.stash:
        config.stash[_turns].close()


# Fixtures


@contextmanager
def _maker(folders: pytest.TempPathFactory) -> Iterator[Callable[..., Center]]:
    mine: list[Center] = []

    def make(*, start: bool = True, **options: Any) -> Center:
        center = Center(folders.mktemp("center"), **options)
        mine.append(center)
        return center.start() if start else center

    try:
        yield make
    finally:
        for center in mine:
            center.close()


@pytest.fixture
def new_center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Center]]:
    """Make centers for one test: `new_center(workers=2, settings={...})`; `start=False` only prepares."""
    with _maker(tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="module")
def new_module_center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Center]]:
    """Make centers that the tests of one file share."""
    with _maker(tmp_path_factory) as make:
        yield make


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the variables that tests are told by: importing `sso_center.wsgi` reads settings from them."""
    for name in [name for name in os.environ if name.startswith("SSO_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    """The center that most tests share: register people and sites of your own, move its time only forward."""
    with _maker(tmp_path_factory) as make:
        yield make()


@pytest.fixture(scope="session")
def person(center: Center) -> Person:
    """Somebody with an account and no role at the shared center."""
    return center.add_person("alice")


@pytest.fixture
def new_browser() -> Iterator[Callable[..., Browser]]:
    """Make browsers: `new_browser()`; they are closed after the test."""
    mine: list[Browser] = []

    def make(**options: Any) -> Browser:
        mine.append(Browser(**options))
        return mine[-1]

    yield make
    for browser in mine:
        browser.close()


@pytest.fixture
def browser(new_browser: Callable[..., Browser]) -> Browser:
    """A fresh browser."""
    return new_browser()


@pytest.fixture(scope="session")
def running_chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The Chromium of this process; a test asks for `chromium`."""
    from tests.harness.chromium import a_chromium

    with a_chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def chromium(running_chromium: Any) -> Any:
    """A headless Chromium as if never used."""
    running_chromium.start_anew()
    return running_chromium


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A real server that takes logout tokens and remembers them."""
    with Receiver() as listening:
        yield listening
