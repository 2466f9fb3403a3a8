"""What /metrics tells Prometheus: numbers of what this center does, none of them about a person.

Every web worker counts for itself in a file of `PROMETHEUS_MULTIPROC_DIR`, which `serve` sets before
anything is imported; whichever worker is asked adds them all up.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from sso_center.base.errors import Unavailable
from sso_center.services import Services

REQUESTS = Counter("sso_http_requests", "Requests answered.", ["endpoint", "status"])
SECONDS = Histogram(
    "sso_http_request_seconds",
    "Time from a request's arrival in the application to its answer.",
    ["endpoint"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
STREAMS = Gauge(
    "sso_feed_streams", "Event streams of the feed that are open.", ["client_id"], multiprocess_mode="livesum"
)
FAILURES = Counter("sso_failures", "Mistakes of ours that a request met, by where it was caught.", ["where"])
EVENTS_SENT = Counter("sso_feed_told", "Endings told to clients by the feed.", ["way"])


ROOM = 512 * 1024
"""Bytes that each of a process's files of counters has from the start: twice what all endpoints fill."""


def install(app: Flask) -> None:
    """Count every request of `app` by its endpoint's name, never by its path.

    Raises Unavailable when the disk has no room for the counters.
    """
    _take_room()
    app.before_request(_start)
    app.after_request(_count)


def exposition(services: Services) -> Response:
    """Return the text that Prometheus reads; parts whose store is away are left out."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        _forget_streams_of_the_dead(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_Own())
    registry.register(_Stored(services))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def count(endpoint: str, status: int, seconds: float) -> None:
    """Count one answer of an endpoint, and the time it took."""
    found = _children.get((endpoint, status))
    if found is None:
        # Looking a counter up by its labels costs more than counting.
        found = REQUESTS.labels(endpoint, status), SECONDS.labels(endpoint)
        _children[endpoint, status] = found
    requests, latency = found
    requests.inc()
    latency.observe(seconds)


def count_failure(where: str) -> None:
    """Count a mistake of ours; the log has its trace."""
    FAILURES.labels(where).inc()


def count_sent_events(way: str, number: int) -> None:
    """Count endings told; `way` is json or stream."""
    if number:
        EVENTS_SENT.labels(way).inc(number)


def count_stream(client_id: str, change: int) -> None:
    """Count a stream of a client that opened (1) or is over (-1)."""
    STREAMS.labels(client_id).inc(change)


_children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}


def _start() -> None:
    g.sso_started = time.perf_counter()


def _count(response: Response) -> Response:
    count(request.endpoint or "none", response.status_code, time.perf_counter() - g.sso_started)
    return response


_LIVE = "gauge_livesum"
"""How prometheus_client names the files of what counts only while its process lives."""


def _forget_streams_of_the_dead(folder: str) -> None:
    for file in Path(folder).glob(f"{_LIVE}_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists():
            mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _take_room() -> None:
    # The files are mapped, and have holes until something is counted there: on a full disk that would kill
    # the process (SIGBUS), and with it every answer that needs no disk.
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    for kind in ("counter", "histogram", _LIVE) if folder else ():
        try:
            with open(f"{folder}/{kind}_{os.getpid()}.db", "ab") as file:
                os.posix_fallocate(file.fileno(), 0, ROOM)
        except OSError as full:
            raise Unavailable(detail=f"no room for counters: {full.strerror}") from full


class _Own(Collector):
    """What this process alone has counted, when it runs without `serve`."""

    def collect(self) -> Iterator[Metric]:
        for metric in (REQUESTS, SECONDS, STREAMS, FAILURES, EVENTS_SENT):
            yield from metric.collect()


class _Stored(Collector):
    """What the stores know, asked when Prometheus asks."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[Metric]:
        for ask in (self._sessions, self._journal, self._notices):
            try:
                yield ask()
            except Unavailable:
                continue

    def _sessions(self) -> Metric:
        return GaugeMetricFamily(
            "sso_sessions", "Global sessions in the index.", value=self._services.sessions.count()
        )

    def _journal(self) -> Metric:
        return GaugeMetricFamily(
            "sso_journal_waiting",
            "Entries that the courier has not applied yet.",
            value=self._services.entries.count_unapplied(),
        )

    def _notices(self) -> Metric:
        family = GaugeMetricFamily("sso_notices", "Notices by state.", labels=["state"])
        for state, count in self._services.outbox.count_by_state().items():
            family.add_metric([state], count)
        return family
