"""The event streams of one process: one thread for all, through outages, and only so many of them."""

import base64
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sso_center.base.errors import Unavailable
from sso_center.core.clients import Client
from sso_center.core.feed import Feed, Page, Position
from sso_center.core.feed import feed as feed_module
from sso_center.core.reasons import Reason
from sso_center.protocols.api_errors import Overloaded
from sso_center.protocols.client_authentication import Credentials
from sso_center.protocols.endings import streams as streams_module
from sso_center.protocols.endings.streams import KEEP_ALIVE, Limits, Stream, Streams
from tests.harness.core import REDIRECT, Core, core_in
from tests.harness.waiting import eventually
from tests.servers.valkey import ValkeyServer


class Reader:
    """Where the bytes of a stream go."""

    def __init__(self) -> None:
        self.read = b""
        self.is_over = False

    def send(self, data: bytes) -> None:
        self.read += data

    def end(self) -> None:
        self.is_over = True

    def events(self) -> list[str]:
        """Return the events so far: the first words of each, without the position."""
        events = [part.decode().splitlines() for part in self.read.split(b"\n\n")[:-1]]
        return [line.partition(" ")[2] for lines in events for line in lines if line.startswith("event")]

    def numbers(self) -> list[int]:
        """Return the numbers of the endings it was told of, in order."""
        events = [part.decode() for part in self.read.split(b"\n\n") if b"event: ending" in part]
        return [int(event.splitlines()[0].rpartition(":")[2]) for event in events]


class Process:
    """The feed and the streams of one process on a core."""

    def __init__(self, core: Core, limits: Limits | None = None) -> None:
        services = core.services
        self.core = core
        self.feed = Feed(
            services.database, services.clients, services.users, services.applier, lambda *_: b"{}"
        )
        self.streams = Streams(self.feed, services.clients, services.redis, limits)
        self.open: list[Stream] = []

    def client(self) -> tuple[Client, Credentials]:
        """Register a client."""
        name = f"site-{threading.get_ident()}-{len(self.core.services.clients.list())}"
        client, secret = self.core.services.clients.add(name, redirect_uris=(REDIRECT,))
        basic = base64.b64encode(f"{name}:{secret}".encode()).decode()
        return client, Credentials(f"Basic {basic}", None, None)

    def listen(self, client: Client, sent: Credentials, after: Position | None = None) -> Reader:
        """Open a stream and begin it."""
        return self.begin(client, sent, after, self.feed.since(client.client_id, after))

    def begin(self, client: Client, sent: Credentials, after: Position | None, page: Page) -> Reader:
        """Open a stream with a page that was read for it, and begin it."""
        stream, reader = self.streams.open(client, sent, after, page), Reader()
        self.open.append(stream)
        stream.begin(reader)
        return reader

    def cut_off(self) -> int:
        """Take something back that concerns everyone, and return its number."""
        return self.core.services.mass_endings.cut_off("role", "staff", Reason.ADMIN, "cli").number

    def close(self) -> None:
        """End all streams, and with them the thread."""
        while self.open:
            self.open.pop().over()
        eventually(lambda: not any(thread.name == "feed" for thread in threading.enumerate()))


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Core]:
    with core_in(tmp_path_factory.mktemp("core")) as core:
        yield core


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the thread look around often, so that no test waits for it."""
    monkeypatch.setattr(streams_module, "LOOK_EVERY", 0.05)


@pytest.fixture
def new_process() -> Iterator[Callable[..., Process]]:
    mine: list[Process] = []

    def make(core: Core, limits: Limits | None = None) -> Process:
        mine.append(Process(core, limits))
        return mine[-1]

    yield make
    for process in mine:
        process.close()


@pytest.fixture
def process(core: Core, new_process: Callable[..., Process]) -> Process:
    return new_process(core)


def test_all_streams_are_told_by_one_thread(process: Process) -> None:
    readers = [process.listen(*process.client()) for _ in range(5)]
    assert sum(thread.name == "feed" for thread in threading.enumerate()) == 1
    number = process.cut_off()
    eventually(lambda: all(reader.numbers() == [number] for reader in readers))


def test_what_is_on_its_way_while_a_stream_begins_is_told_once(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    news, is_read, goes_on = process.feed.news, threading.Event(), threading.Event()

    def slowly(after: Position) -> Page:
        page = news(after)
        if page.entries:
            is_read.set()
            assert goes_on.wait(60)
        return page

    monkeypatch.setattr(process.feed, "news", slowly)
    client, sent = process.client()
    start = process.feed.since(client.client_id, None).position
    early = process.listen(client, sent)
    first = process.cut_off()
    assert is_read.wait(60)
    # The thread has read it and told nobody yet: it is in the page that this one begins with.
    late = process.listen(client, sent, start)
    assert late.numbers() == [first]
    goes_on.set()
    second = process.cut_off()
    eventually(lambda: second in early.numbers() and second in late.numbers())
    assert early.numbers() == late.numbers() == [first, second]


def test_what_the_others_were_told_while_a_stream_began_is_told_to_it_once(process: Process) -> None:
    client, sent = process.client()
    early = process.listen(client, sent)
    # Read before the others are told of what comes now, and opened after that.
    old = process.feed.since(client.client_id, None)
    first = process.cut_off()
    eventually(lambda: early.numbers() == [first])
    late = process.begin(client, sent, None, old)
    assert late.numbers() == [first]
    second = process.cut_off()
    eventually(lambda: second in early.numbers() and second in late.numbers())
    assert early.numbers() == late.numbers() == [first, second]


def test_a_stream_that_comes_while_news_are_read_is_told_what_came_before_them(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, sent = process.client()
    early = process.listen(client, sent)
    old = process.feed.since(client.client_id, None)
    first = process.cut_off()
    eventually(lambda: early.numbers() == [first])
    news, is_read, goes_on = process.feed.news, threading.Event(), threading.Event()

    def slowly(after: Position) -> Page:
        page = news(after)
        if page.entries and threading.current_thread().name == "feed":
            is_read.set()
            assert goes_on.wait(60)
        return page

    monkeypatch.setattr(process.feed, "news", slowly)
    second = process.cut_off()
    assert is_read.wait(60)
    late = process.begin(client, sent, None, old)
    goes_on.set()
    eventually(lambda: second in early.numbers() and second in late.numbers())
    assert early.numbers() == late.numbers() == [first, second]


def test_streams_of_two_lineages_all_begin_anew(process: Process) -> None:
    client, sent = process.client()
    early = process.listen(client, sent)
    number = process.cut_off()
    eventually(lambda: early.numbers() == [number])
    # Read before the store was restored.
    late = process.begin(client, sent, None, Page(Position("lost", number + 1000), is_whole=True))
    eventually(lambda: late.events() == ["position", "reset"])
    number = process.cut_off()
    eventually(lambda: number in late.numbers() and number in early.numbers())


def test_a_silent_stream_is_kept_alive(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams_module, "KEEP_ALIVE_AFTER", 0.1)
    reader = process.listen(*process.client())
    eventually(lambda: reader.read.endswith(KEEP_ALIVE))
    assert reader.events() == ["position"]


def test_a_client_has_only_so_many_streams(core: Core, new_process: Callable[..., Process]) -> None:
    process = new_process(core, Limits(all=5, of_client=2))
    greedy, other = process.client(), process.client()
    process.listen(*greedy), process.listen(*greedy)
    with pytest.raises(Overloaded) as refused:
        process.listen(*greedy)
    assert refused.value.status == 503
    assert ("Retry-After", "5") in refused.value.headers
    process.listen(*other)
    process.open.pop(0).over()
    process.listen(*greedy)


def test_a_process_has_only_so_many_streams(core: Core, new_process: Callable[..., Process]) -> None:
    process = new_process(core, Limits(all=2, of_client=2))
    process.listen(*process.client()), process.listen(*process.client())
    with pytest.raises(Overloaded):
        process.listen(*process.client())
    process.open.pop(0).over()
    process.listen(*process.client())


def test_what_could_not_be_told_is_a_gap(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = process.listen(*process.client())
    with monkeypatch.context() as far_behind:
        far_behind.setattr(feed_module, "KEPT", 0)
        far_behind.setattr(feed_module, "AT_THE_START", 0)
        number = process.cut_off()
        eventually(lambda: reader.events() == ["position", "reset"])
    assert f':{number}"' in reader.read.decode().splitlines()[-2]


def test_streams_wait_while_sql_is_away_and_then_miss_nothing(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, asked = process.listen(*process.client()), threading.Event()

    def away(*_: object) -> None:
        asked.set()
        raise Unavailable(detail="sql: gone")

    with monkeypatch.context() as outage:
        outage.setattr(process.feed, "_ask", away)
        number = process.cut_off()
        assert asked.wait(60)
        assert not reader.is_over
    eventually(lambda: reader.numbers() == [number])


def test_what_fails_unforeseen_ends_the_streams(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = process.listen(*process.client())

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(process.feed, "news", broken)
    process.cut_off()
    eventually(lambda: reader.is_over)


def test_streams_survive_a_redis_that_restarts(tmp_path: Path, new_process: Callable[..., Process]) -> None:
    redis = ValkeyServer(tmp_path / "redis").start()
    with core_in(tmp_path / "core", SSO_REDIS_URL=redis.url) as core:
        process = new_process(core)
        reader = process.listen(*process.client())
        first = process.cut_off()
        eventually(lambda: reader.numbers() == [first])
        redis.kill()
        redis.start()
        # The message of this one may find nobody who listens yet.
        second = eventually(lambda: _cut_off_again(process))
        eventually(lambda: reader.numbers()[-1] == second)
        assert not reader.is_over
        process.close()
        redis.kill()


def _cut_off_again(process: Process) -> int | None:
    try:
        return process.cut_off()
    except Unavailable:
        return None


def test_a_message_that_was_lost_is_made_up_for(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = process.listen(*process.client())
    monkeypatch.setattr(type(process.core.services.redis), "publish", lambda *_: None)
    number = process.cut_off()
    eventually(lambda: reader.numbers() == [number])
