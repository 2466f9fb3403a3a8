"""Whoever dies is replaced, a stop finishes what is under way, and nobody outlives the supervisor."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_center.cli.supervisor import open_listeners
from tests.harness.ports import free_port
from tests.harness.waiting import eventually
from tests.server.process import Supervised, is_gone

Supervise = Callable[..., Supervised]


def pid_of_worker(served: Supervised) -> int:
    with served.connect() as connection:
        return int(connection.ask("GET", "/pid").text)


def is_stopped(pid: int) -> bool:
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(thread.read_text().rsplit(")", 1)[1].split()[0] == "T" for thread in threads)


# Starting


def test_serve_announces_its_address_and_its_workers(supervise: Supervise) -> None:
    served = supervise(workers=2)
    expected = f"sso-center serves http://sso.localhost:9000 on 127.0.0.1:{served.port} with 2 workers"
    assert served.stdout.splitlines().count(expected) == 1
    eventually(lambda: len(served.pids("web")) == 2)
    eventually(lambda: len(served.pids("courier")) == 1)


def test_a_port_in_use_is_one_clear_line(supervise: Supervise) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = supervise(port=port, is_ready=False)
        assert served.process.wait(timeout=60) != 0
    assert served.stderr.splitlines()[-1] == (
        f"sso-center: SSO_BIND is '127.0.0.1:{port}' but another program listens there already"
    )
    assert "Traceback" not in served.stderr


def test_only_what_stays_open_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    # A connection that came in while the port is tried out would be reset.
    listened, listen = [], socket.socket.listen

    def remember(mine: socket.socket, backlog: int) -> None:
        listened.append(mine)
        listen(mine, backlog)

    monkeypatch.setattr(socket.socket, "listen", remember)
    opened = open_listeners("127.0.0.1", free_port(), 2)
    assert listened == opened
    for one in opened:
        one.close()


def test_connections_wait_for_the_first_worker(supervise: Supervise) -> None:
    port = free_port()
    served = supervise(port=port, is_ready=False)

    def connected() -> socket.socket | None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=60)
        except ConnectionRefusedError:
            return None

    with eventually(connected, every=0.001) as early:
        early.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\n\r\n")
        assert early.recv(15) == b"HTTP/1.1 200 OK"
    served.await_ready()


def test_a_worker_whose_stores_are_away_says_so_until_they_are_back(
    supervise: Supervise, tmp_path_factory: pytest.TempPathFactory
) -> None:
    served = supervise(workers=1)
    (served.folder / "stores-away").touch()
    os.kill(pid_of_worker(served), signal.SIGKILL)
    with served.connect() as connection:
        answer = connection.ask("GET", "/pid")
        assert (answer.status, answer.header("retry-after")) == (503, "2")
        (served.folder / "stores-away").unlink()
        eventually(lambda: connection.ask("GET", "/pid").status == 200)


# Dying


def test_a_killed_worker_is_replaced(supervise: Supervise) -> None:
    served = supervise(workers=2)
    before = set(eventually(lambda: len(found := served.pids("web")) == 2 and found))
    killed = pid_of_worker(served)
    os.kill(killed, signal.SIGKILL)
    after = set(eventually(lambda: len(found := served.pids("web")) == 2 and killed not in found and found))
    assert before - after == {killed}
    assert "was killed by signal 9" in served.stderr


def test_a_killed_worker_takes_no_waiting_connection_with_it(supervise: Supervise) -> None:
    served = supervise(workers=1)
    worker = pid_of_worker(served)
    os.kill(worker, signal.SIGSTOP)
    eventually(lambda: is_stopped(worker))
    with served.connect() as waiting:
        waiting.head("GET", "/pid")
        os.kill(worker, signal.SIGKILL)
        assert int(waiting.reply().text) != worker


def test_a_worker_that_dies_of_a_request_is_replaced_every_time(supervise: Supervise) -> None:
    served = supervise(workers=1)
    for _ in range(5):
        with served.connect() as connection:
            connection.head("GET", "/die")
            assert connection.is_closed()
    assert pid_of_worker(served) in served.pids("web")


@pytest.mark.parametrize("method_and_path", [("GET", "/gate/never"), ("POST", "/login")])
def test_a_worker_whose_request_never_ends_is_replaced(
    supervise: Supervise, method_and_path: tuple[str, str]
) -> None:
    served = supervise(workers=1, stuck_after=1.0)
    worker = pid_of_worker(served)
    with served.connect() as connection:
        connection.head(*method_and_path, "Content-Length: 0")
        assert connection.is_closed()
    assert pid_of_worker(served) != worker
    assert "wait_at" in served.stderr


def test_a_worker_goes_on_though_what_is_polled_hangs(supervise: Supervise) -> None:
    served = supervise(workers=1, stuck_after=0.0, polled=["/gate/sql"])
    worker = pid_of_worker(served)
    with served.connect() as polls:
        polls.head("GET", "/gate/sql")
        served.await_at_gate("sql")
        # A line is written at each tick, which looks for what is stuck next: with two lines it has looked.
        for lines in (1, 2):
            assert pid_of_worker(served) == worker
            eventually(lambda n=lines: len(served.access_log()) > n, what="a tick")
        assert pid_of_worker(served) == worker
        served.open_gate("sql")
        assert polls.reply().text == "through"


def test_a_crash_loop_is_slowed_down_and_never_given_up(supervise: Supervise) -> None:
    served = supervise(workers=1)
    (served.folder / "crash-at-start").touch()
    os.kill(pid_of_worker(served), signal.SIGKILL)
    eventually(lambda: served.story.count("crashed at start") >= 5)
    (served.folder / "crash-at-start").unlink()
    assert pid_of_worker(served) in served.pids("web")


def test_a_killed_courier_is_replaced(supervise: Supervise) -> None:
    served = supervise(workers=1)
    (before,) = eventually(lambda: served.pids("courier"))
    eventually(lambda: f"courier {before} began" in served.story)
    os.kill(before, signal.SIGKILL)
    (after,) = eventually(lambda: [pid for pid in served.pids("courier") if pid != before])
    eventually(lambda: f"courier {after} began" in served.story)


def test_a_store_that_can_not_be_brought_back_is_told_once_and_stops_nobody(supervise: Supervise) -> None:
    served = supervise(workers=1)
    (served.folder / "tick-fails").touch()
    eventually(lambda: "the tick failed" in served.stderr)
    (served.folder / "ticked").unlink()
    eventually((served.folder / "ticked").exists, what="another tick")
    worker = pid_of_worker(served)
    os.kill(worker, signal.SIGKILL)
    assert pid_of_worker(served) != worker
    (served.folder / "tick-fails").unlink()
    eventually(lambda: "all is well again" in served.stderr)
    assert served.stderr.count("the tick failed") == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_no_process_outlives_a_killed_supervisor(supervise: Supervise, how: signal.Signals) -> None:
    served = supervise(workers=2)
    children = eventually(lambda: len(found := served.pids("")) == 3 and found)
    if how is signal.SIGSTOP:
        # A child that is stopped can't look after itself, and yet must go as soon as it runs again.
        os.kill(children[0], signal.SIGSTOP)
    served.process.kill()
    served.process.wait()
    if how is signal.SIGSTOP:
        os.kill(children[0], signal.SIGCONT)
    for child in children:
        eventually(lambda child=child: is_gone(child), what=f"the end of {child}")
    eventually(lambda: not _accepts(served.port), what="the end of accepting")


# Stopping


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_the_requests_under_way_and_then_the_courier(
    supervise: Supervise, how: signal.Signals
) -> None:
    served = supervise(workers=2)
    with served.connect() as at_work, served.connect() as checking, served.connect() as sending:
        checking.head("POST", "/login", "Content-Length: 0")
        served.await_at_gate("password")
        sending.head("POST", "/body", "Content-Length: 4").send(b"ha")
        at_work.head("GET", "/gate/work")
        served.await_at_gate("work")
        served.process.send_signal(how)
        eventually(lambda: not _accepts(served.port), what="the end of accepting")
        assert "courier ended" not in served.story
        sending.send(b"lf")
        served.open_gate("work")
        served.open_gate("password")
        assert at_work.reply().text == "through"
        assert checking.reply().status == 200
        assert sending.reply().json()["length"] == 4
    assert served.process.wait(timeout=60) == 0
    assert served.story[-2:] == ["courier ended", "supervisor ended"]


def test_a_stop_waits_for_no_idle_connection(supervise: Supervise) -> None:
    served = supervise(workers=1, grace=300)
    with served.connect() as spare, served.connect() as kept:
        assert kept.ask("GET", "/pid").status == 200
        assert served.stop() == 0
        assert spare.is_closed()
        assert kept.is_closed()


def test_a_stop_does_not_wait_for_ever(supervise: Supervise) -> None:
    served = supervise(workers=1, grace=0.5)
    with served.connect() as connection:
        connection.head("GET", "/gate/never")
        served.await_at_gate("never")
        assert served.stop() == 0
    assert served.story[-2:] == ["courier ended", "supervisor ended"]


def test_a_second_signal_stops_at_once(supervise: Supervise) -> None:
    served = supervise(workers=1, grace=300)
    with served.connect() as connection:
        connection.head("GET", "/gate/never")
        served.await_at_gate("never")
        served.process.send_signal(signal.SIGINT)
        eventually(lambda: not _accepts(served.port))
        assert served.stop(signal.SIGINT) == 0


def test_serve_can_be_restarted_at_once_on_the_same_port(supervise: Supervise) -> None:
    port = free_port()
    for _ in range(3):
        served = supervise(port=port, workers=1)
        pid_of_worker(served)
        served.stop()


def test_a_worker_told_to_stop_by_itself_is_replaced(supervise: Supervise) -> None:
    served = supervise(workers=1)
    worker = pid_of_worker(served)
    os.kill(worker, signal.SIGTERM)

    def successor() -> int | None:
        try:
            return pid_of_worker(served)
        except ConnectionError:
            # It had taken this connection, and stopped before a request was on it.
            return None

    eventually(lambda: successor() not in (None, worker))


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_children_have_names_that_tell_what_they_are(supervise: Supervise) -> None:
    served = supervise(workers=2)
    eventually(lambda: len(served.pids("web-1")) == len(served.pids("web-2")) == 1)
    done = subprocess.run(
        ["cat", f"/proc/{served.pids('courier')[0]}/comm"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "sso-courier\n"
