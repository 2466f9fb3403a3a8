"""What the machines that watch a center are told."""

import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from sso_center.app import create_app
from sso_center.cli.doctor.progress import PAUSE, Progress
from sso_center.core.reasons import Reason
from sso_center.web import metrics
from tests.harness.browser import Browser
from tests.harness.center import Center

COUNTER = "sso_http_requests_total{"


def counted(center: Center) -> float:
    """Return how many requests the center says it has answered, by all of its workers."""
    lines = center.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(COUNTER))


def test_a_center_that_is_well_says_so(center: Center) -> None:
    assert (center.get("/healthz").status_code, center.get("/readyz").status_code) == (200, 200)


def test_every_request_is_counted_and_nobody_is_named(center: Center) -> None:
    person = center.add_person()
    before = counted(center)
    for path in ("/login", "/jwks.json", "/userinfo", f"/{person.username}"):
        center.get(path)
    text = center.get("/metrics").text
    assert counted(center) >= before + 4
    assert 'endpoint="/userinfo",status="401"' in text
    assert person.username not in text
    assert person.sub not in text


def test_a_second_center_leaves_the_counters_of_the_first(center: Center) -> None:
    before = counted(center)
    second = center.run("serve", check=False)
    assert second.returncode == 2
    assert "another program listens there already" in second.stderr
    assert counted(center) >= before


def test_the_room_for_counters_is_twice_what_all_endpoints_fill(center: Center, tmp_path: Path) -> None:
    counted, endpoints = (
        MmapedDict(str(tmp_path / "histogram.db")),
        create_app(center.services).view_functions,
    )
    (described,) = metrics.SECONDS.describe()
    for endpoint, bound in product(endpoints, [*metrics.SECONDS._kwargs["buckets"], "+Inf", "sum"]):
        labels = {"endpoint": endpoint, "le": str(bound)}
        name = f"{described.name}_bucket"
        key = (described.name, name, list(labels), list(labels.values()), described.documentation)
        counted.read_value(mmap_key(*key))
    assert len(endpoints) > 40
    assert 2 * counted._used <= metrics.ROOM
    counted.close()


def test_a_disk_that_fills_up_later_has_room_for_what_is_counted(center: Center) -> None:
    # A hole in a mapped file costs the process its life when the disk has no room left.
    files = [file.stat() for file in (center.data_dir / "metrics").rglob("*.db")]
    assert len(files) >= 2
    assert all(file.st_blocks * 512 >= file.st_size > 0 for file in files)


# doctor


def told_by_doctor(center: Center) -> dict[str, list[str]]:
    """Run doctor; returns what it says of sessions, Redis and logouts, with the level in front."""
    found: dict[str, list[str]] = {}
    for one in json.loads(center.run("doctor", "--json", check=False).stdout):
        found.setdefault(one["subject"], []).append(f"{one['level']}: {one['text']}")
    return found


def test_doctor_says_what_the_indexes_hold_and_that_every_key_will_go(
    new_center: Callable[..., Center], new_browser: Callable[[], Browser]
) -> None:
    center = new_center()
    person, site = center.add_person(), center.add_site()
    for _ in range(2):
        site.sign_in(new_browser(), person)
    told = told_by_doctor(center)
    assert told["sessions"] == ["ok: 2 sessions of 1 person, 0 families of refresh and app tokens"]
    assert "ok: every key has an expiry" in told["Redis"]
    assert "logouts" not in told


def test_doctor_counts_the_keys_that_would_stay_for_ever_and_names_the_first(
    new_center: Callable[..., Center],
) -> None:
    center = new_center(start=False)
    for number in range(5):
        center.hot.leave_for_ever("2a", str(number))
    (said,) = [text for text in told_by_doctor(center)["Redis"] if text.startswith("fail")]
    assert said.startswith("fail: 5 keys would stay for ever: sso:{2a}:stray:")
    assert said.count("sso:{2a}:stray:") == 3
    assert said.endswith(", ...")


def test_doctor_finds_what_waits_for_a_courier_that_does_not_run(new_center: Callable[..., Center]) -> None:
    center = new_center(start=False)
    services = center.services
    for index in ("deadlines", "closed", "revoking"):
        center.hot.put_into("2a", index, "2a-somebodys")
    services.mass_endings.cut_off("role", "night", Reason.ADMIN, "cli")
    told = told_by_doctor(center)
    assert told["sessions"][1:] == [
        "warn: 1 expired and were not swept for a minute: is serve running?",
        "warn: 2 were ended or revoked and not recorded for a minute",
    ]
    assert told["logouts"] == ["warn: that of everybody with the role night is at 0 %: is serve running?"]


def test_a_long_look_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(PAUSE, False, 0.0)
    progress = Progress("looking at keys", 2_000)
    for done in (1_000, 3_000):
        progress.at(done)
    progress.end()
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "looking at keys: 1,000 of about 2,000",
        "looking at keys: 3,000 of about 3,000",
    ]
    assert said.out == ""
    monkeypatch.setitem(PAUSE, False, 10.0)
    Progress("looking at keys", 2_000).at(1_000)
    assert capsys.readouterr().err == "", "what is soon done needs no progress"
