"""What is said of endings: the last of all counts, and a stream is read however its bytes come."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.load import percentile
from benchmarks.logged_out import LoggedOut, Logout
from benchmarks.report import logged_out_rows, subscribers_rows
from benchmarks.side import Client
from benchmarks.streams import Stream
from benchmarks.subscribers import Subscribed
from benchmarks.wire import Origin, RefusedError
from tests.harness.serving import serving
from tests.harness.waiting import eventually

LOGGED_OUT = LoggedOut(
    sites=2,
    processes=4,
    # The last process of the n-th logout refuses n ms after the reply, the first one before it.
    logouts=tuple(Logout(5.0, (-1.0, 0.5, float(number), 0.0), (200.0, 100.0)) for number in range(1, 101)),
    others=0.0,
)
SUBSCRIBED = Subscribed(
    streams=100,
    endings=tuple(
        tuple(slowness * number for number in range(1, 101)) for slowness in (0.1, 0.2, 0.3, 0.4, 5.0)
    ),
    memory=(200.0, 220.0, 221.0),
    idle=(9.0, 12.0, 80.0),
    polls=(3.0, 1.0, 2.0),
    others=0.0,
)


def test_somebody_is_logged_out_when_the_last_process_refuses() -> None:
    assert LOGGED_OUT.first(50) == -1.0
    assert (LOGGED_OUT.last(50), LOGGED_OUT.last(99)) == (50.0, 99.0)
    assert LOGGED_OUT.confirmed(99) == 200.0


def test_one_slow_logout_in_a_hundred_is_forgiven_and_two_are_not() -> None:
    slow = Logout(5.0, (101.0,), (1.0,))
    one, two = (
        replace(LOGGED_OUT, logouts=(*LOGGED_OUT.logouts[: 100 - count], *(slow,) * count))
        for count in (1, 2)
    )
    assert "< 100  met" in _aims(one)
    assert "< 100  MISSED" in _aims(two)


def test_others_at_work_excuse_a_slow_logout_and_take_nothing_from_a_quick_one() -> None:
    slow = (Logout(5.0, (101.0,), (1.0,)),)
    assert "< 100  CAN'T TELL, the machine is busy" in _aims(replace(LOGGED_OUT, logouts=slow, others=0.3))
    assert "< 100  met" in _aims(replace(LOGGED_OUT, others=0.3))


def test_the_figures_of_subscribers_are_those_of_the_median_ending() -> None:
    assert SUBSCRIBED.heard(99) == pytest.approx(0.3 * 99)
    assert SUBSCRIBED.heard(100) == pytest.approx(30)
    assert SUBSCRIBED.slowest == pytest.approx(500)
    assert SUBSCRIBED.poll_ms == 2.0
    ours = {row.title.strip(): row.ours for row in subscribers_rows(SUBSCRIBED)}
    assert ours["memory (PSS) of the center with them, MB"] == "220"


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0
    assert percentile([3.0, 1.0, 2.0], 1) == 1.0


@pytest.fixture
def tells_bit_by_bit() -> Iterator[Origin]:
    """A center that begins a stream and tells of two endings, some bytes at a time."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    events = (
        b"event: position\nid: abc:7\ndata: {}\n\n",
        b": keep-alive\n\n",
        b"id: abc:8\nevent: ending\ndata: {}\n\nid: abc:9\nevent: ending\ndata: {}\n\n",
        b"event: reset\nid: abc:10\ndata: {}\n\n",
    )
    told = head + b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in events)

    def tell(accepted: socket.socket) -> None:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted.recv(65536)
        for start in range(0, len(told), 7):
            accepted.sendall(told[start : start + 7])

    with serving(tell) as port:
        yield Origin(port, "localhost")


def test_each_ending_of_a_stream_is_heard_once_however_it_comes(tells_bit_by_bit: Origin) -> None:
    stream = Stream.open(tells_bit_by_bit, Client("shop", "secret"))
    heard: list[int] = []
    with stream.socket, pytest.raises(RefusedError, match="closed"):
        _hear_all(stream, heard)
    assert heard == [8, 9]


def test_a_stream_that_is_refused_leaves_no_connection_open() -> None:
    def refuse(accepted: socket.socket) -> None:
        accepted.recv(65536)
        accepted.sendall(b"HTTP/1.1 ")
        accepted.sendall(b"503 Too Many\r\n\r\n")
        ended.append(accepted.recv(65536))

    ended: list[bytes] = []
    with serving(refuse) as port:
        with pytest.raises(RefusedError, match=r"no stream: b'HTTP/1\.1 503"):
            Stream.open(Origin(port, "localhost"), Client("shop", "secret"))
        eventually(lambda: ended == [b""])


def _hear_all(stream: Stream, heard: list[int]) -> None:
    while True:
        heard += stream.numbers()


def _aims(found: LoggedOut) -> list[str]:
    return [row.aim for row in logged_out_rows(found)]
