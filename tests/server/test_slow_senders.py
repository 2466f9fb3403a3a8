"""Whoever sends slowly, or many at a time, holds up nobody and costs a known amount of memory."""

import contextlib
import resource
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server.process import Supervised
from tests.server.wire import Connection

SLOW = 20
MANY = 1000
MEGABYTE = 1024 * 1024


@contextlib.contextmanager
def dribbling(connections: list[Connection]) -> Iterator[None]:
    """Send one more byte of a form on each connection once a second, for the block."""
    is_over = threading.Event()

    def dribble() -> None:
        while not is_over.wait(1):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.send(b"a")

    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def memory_of(pid: int) -> int:
    """Return how many bytes of its own a process holds in memory."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


@pytest.fixture
def _room_for_sockets() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 3 * MANY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(3 * MANY, hard), hard))


def test_twenty_login_forms_that_come_byte_by_byte_hold_up_nobody(
    supervise: Callable[..., Supervised],
) -> None:
    served = supervise(workers=2, body_timeout=300)
    served.open_gate("password")
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(served.connect()) for _ in range(SLOW)]
        for connection in slow:
            connection.head("POST", "/login", "Content-Length: 500").send(b"username=")
        with dribbling(slow):
            # Five hundred requests of others, among them log-ins, come and go while every form is under way.
            for _ in range(100):
                with served.connect() as connection:
                    for _ in range(4):
                        assert connection.ask("GET", "/pid").status == 200
                    form = ("Content-Type: application/x-www-form-urlencoded",)
                    assert connection.ask("POST", "/login", *form, body=b"username=me").text == "hello me"
        for connection in slow:
            connection.socket.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.socket.recv(1)


@pytest.mark.usefixtures("_room_for_sockets")
def test_a_thousand_stalled_bodies_cost_little_and_let_others_in(
    supervise: Callable[..., Supervised],
) -> None:
    served = supervise(body_timeout=300)
    (worker,) = served.pids("web")
    with served.connect() as connection:
        connection.ask("POST", "/body", body=b"x" * 60_000)
    before = memory_of(worker)
    with contextlib.ExitStack() as stack:
        stalled = [stack.enter_context(served.connect()) for _ in range(MANY)]
        for connection in stalled:
            connection.head("POST", "/body", "Content-Length: 65000").send(b"x" * 60_000)
        with served.connect() as connection:
            assert connection.ask("POST", "/body", body=b"x" * 60_000).json()["length"] == 60_000
        assert memory_of(worker) - before < 64 * MEGABYTE
        # Those that waited longest had to go, and the last to come are still waited for.
        assert stalled[0].reply().status == 408
        assert stalled[-1].send(b"x" * 5_000).reply().json()["length"] == 65_000


@pytest.mark.usefixtures("_room_for_sockets")
def test_a_thousand_heads_that_never_end_hold_up_nobody(supervise: Callable[..., Supervised]) -> None:
    served = supervise(header_timeout=300)
    (worker,) = served.pids("web")
    before = memory_of(worker)
    with contextlib.ExitStack() as stack:
        for number in range(MANY):
            connection = stack.enter_context(served.connect())
            connection.send(b"GET /pid HTTP/1.1\r\nHost: x\r\nX-Slow: " if number % 2 else b"")
        with served.connect() as connection:
            assert connection.ask("GET", "/pid").status == 200
        assert memory_of(worker) - before < 64 * MEGABYTE


def test_the_room_of_refused_bodies_is_released(supervise: Callable[..., Supervised]) -> None:
    served = supervise(body_timeout=0.3)
    (worker,) = served.pids("web")

    def one_round() -> int:
        for _ in range(150):
            with served.connect() as connection:
                connection.head("POST", "/body", "Content-Length: 64000").send(b"x" * 60_000)
            with served.connect() as connection:
                connection.head("POST", "/body", "Transfer-Encoding: chunked")
                connection.send(b"ea60\r\n" + b"x" * 60_000)
        with served.connect() as connection:
            connection.head("POST", "/body", "Content-Length: 64000").send(b"x")
            assert connection.reply().status == 408
        return memory_of(worker)

    one_round()
    first = one_round()
    assert one_round() - first < 8 * MEGABYTE
