"""What the machines that watch a center are told."""

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


def test_a_disk_that_fills_up_later_has_room_for_what_is_counted(center: Center) -> None:
    # A hole in a mapped file costs the process its life when the disk has no room left.
    files = [file.stat() for file in (center.data_dir / "metrics").rglob("*.db")]
    assert len(files) >= 2
    assert all(file.st_blocks * 512 >= file.st_size > 0 for file in files)
