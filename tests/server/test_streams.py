"""Answers that go on: no thread each, none that is not read holds memory, and no stop waits for them."""

import errno
import os
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sso_center.server import streaming
from tests.harness.waiting import eventually
from tests.server.process import Supervised
from tests.server.wire import Connection


@pytest.fixture
def served(supervise: Callable[..., Supervised]) -> Supervised:
    return supervise(grace=60, max_body=1024 * 1024)


def listen(served: Supervised, query: str = "") -> Connection:
    connection = served.connect()
    return connection.head("GET", "/stream" + query)


def say(served: Supervised, words: bytes) -> int:
    """Say something to all who listen, and return how many that were left."""
    with served.connect() as connection:
        return int(connection.ask("POST", "/say", body=words).text)


def heard(connection: Connection, until: bytes) -> bytes:
    """Read until something was said."""
    read = b""
    while until not in read:
        piece = connection.socket.recv(1024 * 1024)
        assert piece, f"closed after {read[-200:]!r}"
        read += piece
    return read


def threads(pid: int) -> int:
    found = re.search(r"^Threads:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1])


def memory(pid: int) -> int:
    """Return what a process has in memory, in bytes."""
    found = re.search(r"^Rss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def test_a_streaming_answer_continues_until_it_is_ended(served: Supervised) -> None:
    with listen(served) as one:
        head, _, _ = heard(one, b"hello").partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert b"transfer-encoding: chunked" in head
        assert b"connection: close" in head
        assert say(served, b"news") == 1
        assert b"news" in heard(one, b"news")
        assert say(served, b"bye") == 0
        assert heard(one, b"bye\r\n0\r\n\r\n")
        assert one.is_closed()
    assert served.story.count("over") == 1


def test_three_hundred_streams_hold_no_thread_and_delay_nobody(served: Supervised) -> None:
    (worker,) = served.pids("web")
    with listen(served) as first:
        heard(first, b"hello")
        before = threads(worker)
        listeners = [listen(served) for _ in range(300)]
        for one in listeners:
            heard(one, b"hello")
        assert threads(worker) == before
        assert say(served, b"news") == 301
        for one in (first, *listeners):
            heard(one, b"news")
            one.socket.close()
    eventually(lambda: say(served, b"anybody?") == 0, what="the end of all of them")
    assert served.story.count("over") == 301


def test_a_reader_that_goes_away_is_noticed_without_sending(served: Supervised) -> None:
    with listen(served) as one:
        heard(one, b"hello")
    eventually(lambda: served.story.count("over") == 1, what="its end")
    assert say(served, b"anybody?") == 0


def test_a_stream_that_is_not_read_is_cut_and_one_that_is_read_is_not(served: Supervised) -> None:
    (worker,) = served.pids("web")
    with listen(served) as reads, listen(served) as sleeps:
        heard(reads, b"hello")
        heard(sleeps, b"hello")
        before, words = memory(worker), b"x" * 256 * 1024
        reader = threading.Thread(target=heard, args=(reads, b"the end"))
        reader.start()
        eventually(lambda: say(served, words) == 1, every=0.1, what="the end of the sleeper")
        assert memory(worker) - before < 32 * 1024 * 1024
        assert say(served, b"the end") == 1
        reader.join()
        # What the kernel had taken can still be read, and then there is nothing more.
        with pytest.raises((AssertionError, ConnectionResetError)):
            heard(sleeps, b"the end")
    assert "not read" in served.stderr


def test_looking_for_unread_streams_leaves_no_file_open(tmp_path: Path) -> None:
    with (tmp_path / "any").open("wb"), socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address), server.accept()[0] as accepted:
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(3):
                found = [peer for peer, _ in streaming._connections()]
                assert accepted.getpeername() in found
            assert len(os.listdir("/proc/self/fd")) == before


def test_a_worker_that_is_out_of_files_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_files(_: str) -> list[str]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "listdir", out_of_files)
    assert list(streaming._connections()) == []


def test_a_stop_ends_streams_and_waits_for_none(served: Supervised) -> None:
    with listen(served) as reads, listen(served) as sleeps:
        heard(reads, b"hello")
        heard(sleeps, b"hello")
        say(served, b"x" * 1024 * 1024)
        heard(reads, b"x\r\n")
        assert served.stop() == 0
        assert heard(reads, b"0\r\n\r\n")
    # A worker that was waited for in vain would have been killed.
    assert "killed" not in served.stderr


def test_a_stream_that_fails_to_begin_ends_and_the_log_has_the_trace(served: Supervised) -> None:
    with listen(served, "?fail") as one:
        # One that ends before its first piece is due has no pieces.
        assert one.reply().status == 200
    eventually(lambda: served.story.count("over") == 1, what="its end")
    assert "can't begin" in served.stderr
