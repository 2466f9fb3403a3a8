"""`sso-center demo`: what it leaves behind, which is nothing, and what it refuses."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_center.cli.demo.plan import Plan
from sso_center.cli.demo.seeding import seed
from tests.harness.center import ROOT, Center
from tests.harness.ports import free_ports
from tests.harness.waiting import eventually
from tests.journeys.demo import Demo


def family_of(pid: int) -> set[int]:
    """Return the process and all that come of it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {pid}.union(*(family_of(int(child)) for child in children))


def servers_in(folder: Path) -> set[int]:
    """Return the processes that keep a file open below the folder, such as the embedded Redis."""
    found = set()
    for handles in Path("/proc").glob("[0-9]*/fd"):
        try:
            opened = [str(handle.readlink()) for handle in handles.iterdir()]
        except OSError:
            continue
        if any(name.startswith(str(folder)) for name in opened):
            found.add(int(handles.parent.name))
    return found


def is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["asked", "killed"])
def test_nothing_is_left_running(tmp_path: Path, how: signal.Signals) -> None:
    demo = Demo(tmp_path)
    try:
        eventually(lambda: "Ctrl-C stops everything" in demo.printed, what="the word that all is ready")
        processes = family_of(demo.process.pid) | servers_in(tmp_path)
        assert len(processes) >= 8, "demo, serve, two workers, courier, three sites, Redis"
        demo.process.send_signal(how)
        assert demo.process.wait(60) == (0 if how == signal.SIGTERM else -signal.SIGKILL)
        eventually(lambda: not any(map(is_alive, processes)), what=f"the end of {processes}")
    finally:
        demo.close()
    assert "Traceback" not in demo.printed


def run_demo(folder: Path, port_base: int, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "sso_center", "demo"),
            *("--port-base", str(port_base), "--data-dir", str(folder), *options),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_taken_port_is_named_on_one_line(tmp_path: Path) -> None:
    base = free_ports(4)
    with socket.create_server(("127.0.0.1", base + 2)):
        done = run_demo(tmp_path / "demo", base)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"Port {base + 2} is taken" in done.stderr
    assert "--port-base" in done.stderr


def test_it_never_puts_its_well_known_passwords_into_a_real_center(tmp_path: Path) -> None:
    (tmp_path / "center.db").write_text("a real one")
    for options in ((), ("--fresh",)):
        done = run_demo(tmp_path, free_ports(4), *options)
        assert done.returncode == 2
        assert "something else" in done.stderr
    assert (tmp_path / "center.db").read_text() == "a real one"


def test_what_it_prints_is_true_again_after_people_changed_it(new_center: Callable[..., Center]) -> None:
    services, plan = new_center(start=False).services, Plan(9000)
    old = seed(services, plan)
    bob = services.users.find("bob")
    assert bob is not None
    services.users.set_password(bob.sub, "what bob made of it")
    services.users.update(bob.sub, roles=["admin"])
    services.users.set_disabled(bob.sub, True)

    new = seed(services, Plan(9500))
    found = services.users.authenticate("bob", "bob-mends-kettles")
    assert found is not None
    assert (found.sub, found.roles) == (bob.sub, ("staff",))
    assert services.clients.get("shop").redirect_uris == ("http://shop.localhost:9501/sso/callback",)
    assert services.clients.authenticate("shop", new["shop"]) is not None
    assert services.clients.authenticate("shop", old["shop"]) is None
