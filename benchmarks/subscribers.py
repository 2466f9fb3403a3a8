"""A thousand subscribers of the feed: how soon all have heard of an ending, and what they cost meanwhile."""

import itertools
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks.center import opened_core, running_center
from benchmarks.load import percentile
from benchmarks.processes import others_share
from benchmarks.side import REDIRECT_URI, Client, Side
from benchmarks.streams import Subscribers, subscribed
from benchmarks.units import basic
from benchmarks.wire import Connection
from sso_center.core.reasons import Reason
from sso_center.services import Services

STREAMS = 1000
ENDINGS = 10
"""Endings a round."""

CLIENTS = 250
"""Sites of four processes each."""

POLLED_EVERY = 10.0
"""Seconds after which each subscriber also asks for JSON, as the SDK does by default."""

IDLE_SECONDS = 16.0
"""Long enough for a keep-alive on every stream, and for each to ask."""

QUIET_SECONDS = 5.0
PAUSE = 0.2
"""Seconds between two endings."""

PATIENCE = 10.0


@dataclass(frozen=True)
class Subscribed:
    """What was found. Each of `endings` holds, in milliseconds from the reply, when each subscriber knew.

    `memory` is that of the center, in MB: before there was a stream, with all of them, and after the endings.
    `idle` is what it used while nothing ended, CPU milliseconds a second: without streams, with all of
    them, and with each asking for JSON as well; how long that took is in `polls` (ms). `others` is the share
    of the machine that others used while endings were told.
    """

    streams: int
    endings: tuple[tuple[float, ...], ...]
    memory: tuple[float, float, float]
    idle: tuple[float, float, float]
    polls: tuple[float, ...]
    others: float

    def heard(self, percent: float) -> float:
        """Until so many percent of the subscribers knew, in half of the endings."""
        return percentile((percentile(one, percent) for one in self.endings), 50)

    @property
    def slowest(self) -> float:
        """Until the last subscriber knew, in the worst of the endings."""
        return max(max(one) for one in self.endings)

    @property
    def poll_ms(self) -> float:
        """How long a question for JSON took, connection included, in half of them."""
        return percentile(self.polls, 50)


def measure_subscribers(*, rounds: int, workers: int, alg: str) -> Subscribed:
    """Subscribe, wait, and cut somebody off, `ENDINGS` times a round.

    Raises CannotStartError, RefusedError.
    """
    clients: list[Client] = []
    environs: list[Mapping[str, str]] = []

    def register(environ: dict[str, str]) -> None:
        environs.append(environ)
        with opened_core(environ) as services:
            clients.extend(_register(services, number) for number in range(CLIENTS))

    print(f"starting a center for {STREAMS} subscribers ...", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="sso-bench-") as folder,
        running_center(Path(folder), workers=workers, alg=alg, fill=register) as side,
    ):
        side.service.settled_cpu()
        alone, (unused, _) = side.service.memory(), _idle(side, clients, QUIET_SECONDS, polls=False)
        with subscribed(side, clients, STREAMS) as subscribers:
            print(f"{STREAMS} streams are open, and asked about for {IDLE_SECONDS:.0f} s ...", flush=True)
            side.service.settled_cpu()
            full = side.service.memory()
            silent, _ = _idle(side, clients, QUIET_SECONDS, polls=False)
            used, polls = _idle(side, clients, IDLE_SECONDS, polls=True)
            with (
                opened_core(environs[0]) as services,
                others_share([side.service, subscribers.service]) as others,
            ):
                told = [_end(services, subscribers, side.visitors[0]) for _ in range(rounds * ENDINGS + 1)]
            memory = alone, full, side.service.memory()
        return Subscribed(STREAMS, tuple(told[1:]), memory, (unused, silent, used), polls, others())


def _register(services: Services, number: int) -> Client:
    client_id = f"site{number:03}"
    _, secret = services.clients.add(client_id, redirect_uris=(REDIRECT_URI,))
    return Client(client_id, secret or "")


def _idle(
    side: Side, clients: Sequence[Client], seconds: float, *, polls: bool
) -> tuple[float, tuple[float, ...]]:
    """Return the center's CPU (ms a second) while nothing ends, and how long each question took (ms)."""
    asked = _questions(side, clients) if polls else iter(())
    took: list[float] = []
    began, before = time.perf_counter(), side.service.cpu()
    while (passed := time.perf_counter() - began) < seconds:
        # At an even rate, as those of many sites that began at any time.
        if polls and len(took) < passed * STREAMS / POLLED_EVERY:
            took.append(next(asked))
        else:
            time.sleep(0.002)
    return (side.service.cpu() - before) / (time.perf_counter() - began) * 1e3, tuple(took)


def _questions(side: Side, clients: Sequence[Client]) -> Iterator[float]:
    """Ask for JSON as one client after the other, and yield how long each took (ms).

    On a connection of its own: none is kept open for so long.
    """
    path = "/endings"
    for client in itertools.cycle(clients):
        began = time.perf_counter()
        connection = Connection(side.origin)
        answer = connection.ask(side.origin.get(path, basic(client))).expect(200)
        connection.close()
        yield (time.perf_counter() - began) * 1e3
        path = f"/endings?after={quote(json.loads(answer.body)['position'])}"


def _end(services: Services, subscribers: Subscribers, username: str) -> tuple[float, ...]:
    """Cut somebody off, which every site is told; when each subscriber knew, in ms from the reply."""
    time.sleep(PAUSE)
    user = services.users.find(username)
    assert user is not None
    entry = services.mass_endings.cut_off("user", user.sub, Reason.ADMIN, "cli")
    replied = time.monotonic()
    return tuple((moment - replied) * 1e3 for moment in subscribers.heard(entry.number, PATIENCE))
