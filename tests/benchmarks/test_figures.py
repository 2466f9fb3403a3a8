"""The benchmark's own arithmetic: a figure is only worth printing when this holds."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.load import Sample
from benchmarks.paced import pace
from benchmarks.processes import Service
from benchmarks.rounds import Interval, paired_interval, ratio
from benchmarks.side import Client, Endpoints, Side
from benchmarks.units import Unit
from benchmarks.wire import Connection, Origin, RefusedError
from tests.harness.serving import serving
from tests.harness.waiting import eventually

WORKS_AND_LEAVES_A_CHILD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
while time.process_time() < 0.3: pass
"""


def test_a_percentile_is_a_latency_that_was_measured() -> None:
    sample = Sample(tuple(number / 1000 for number in range(100, 0, -1)), refused=0, wall=2.0, cpu=0.4)
    assert sample.percentile_ms(50) == pytest.approx(50)
    assert sample.percentile_ms(99) == pytest.approx(99)
    assert sample.cpu_ms == pytest.approx(4)
    assert sample.rate == pytest.approx(50)


def test_a_ratio_compares_neighbours_in_time() -> None:
    # The machine was ten times slower in the last round, for both.
    assert ratio([1, 1, 10], [2, 2, 20]) == pytest.approx(0.5)


def test_the_interval_of_nine_ratios_leaves_out_the_lowest_and_the_highest() -> None:
    theirs = [10.0] * 9
    assert paired_interval([1, 11, 12, 13, 14, 15, 16, 17, 1000], theirs) == Interval(1.4, 1.1, 1.7)


def test_the_interval_of_a_few_ratios_holds_them_all() -> None:
    assert paired_interval([1.0, 2, 3], [1, 1, 1]) == Interval(2, 1, 3)


def test_noise_that_meets_both_commits_alike_widens_no_interval() -> None:
    noise = [1, 3, 2, 5, 1, 4, 2, 2, 9]
    assert paired_interval([1.5 * n for n in noise], noise) == Interval(1.5, 1.5, 1.5)


@pytest.fixture
def stands_still_at_first(tmp_path: Path) -> Iterator[Side]:
    """A server that takes 200 ms for its first answer, and no time for the others."""

    def serve(accepted: socket.socket) -> None:
        pause = 0.2
        while accepted.recv(65536):
            time.sleep(pause)
            pause = 0
            accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with serving(serve) as port:
        origin = Origin(port, "localhost")
        nothing = Client("", ""), Client("", ""), Endpoints("", "", "", ""), (), ()
        yield Side("", origin, *nothing, Service((), tmp_path))


def test_who_could_not_even_ask_while_the_server_stood_still_waited_too(stands_still_at_first: Side) -> None:
    side = stands_still_at_first

    def unit(_: int) -> Unit:
        yield side.origin.get("/")

    sample = pace(side, unit, rate=100, connections=1, goes_on=lambda number: number < 10)
    assert len(sample.latencies) == 10
    # Due 10 ms apart, on one connection that was busy until 200 ms.
    assert all(took >= 0.2 - number / 100 for number, took in enumerate(sample.latencies))


def test_a_service_answers_for_ended_children_and_for_what_outlived_them(tmp_path: Path) -> None:
    shell = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys, time\n"
         f"subprocess.run([sys.executable, '-c', {WORKS_AND_LEAVES_A_CHILD!r}], cwd={str(tmp_path)!r})\n"
         "print('done', flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    service = Service((shell.pid,), tmp_path)
    try:
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"done\n"
        assert service.cpu() >= 0.29
        assert len(service.members()) == 2
        assert service.memory() > 2
    finally:
        service.stop(patience=0.3)
    # What was killed leaves the kernel's table in its own time.
    eventually(lambda: not service.members())
    assert shell.stdout.read() == b""
    shell.stdout.close()
    shell.wait()


def test_a_response_is_complete_when_all_of_it_has_come_however_it_comes() -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\n"
    whole = [
        (head + b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (head + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", b"hello"),
    ]
    for sent, body in whole:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            connection = Connection(Origin(listener.getsockname()[1], "localhost"))
            accepted, _ = listener.accept()
            with accepted:
                for part in (sent[:30], sent[30:-3]):
                    accepted.sendall(part)
                    assert connection.receive() is None
                accepted.sendall(sent[-3:])
                response = connection.receive()
                assert response is not None
                assert response.body == body
                assert response.cookies() == ["a=1; Path=/", "b=2"]
                assert response.header("set-cookie") == "a=1; Path=/"
            with pytest.raises(RefusedError):
                connection.receive()
            connection.close()
