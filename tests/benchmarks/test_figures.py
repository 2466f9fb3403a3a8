"""The benchmark's own arithmetic: a figure is only worth printing when this holds."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.load import Sample
from benchmarks.processes import Service
from benchmarks.rounds import ratio
from benchmarks.wire import Connection, Origin, RefusedError

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
    assert service.members() == {}
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
