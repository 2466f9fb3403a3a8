"""The courier, the background process: it applies the journal, delivers notices, runs cut-off jobs, sweeps,
evicts, rotates keys, and drains the audit stream.

Several couriers on several hosts share the work: a lease guards what must not be done twice.
"""

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from sso_center.base.errors import SSOError
from sso_center.base.settings import DAY, Settings
from sso_center.core.audit import AuditDrain
from sso_center.core.cutoffs import CutoffJobRunner
from sso_center.core.journal import FailoverWatcher, JournalFollower
from sso_center.core.journal_rows import CHANNEL
from sso_center.core.leases import Leases
from sso_center.core.notices import Delivery
from sso_center.core.upkeep import Eviction, IndexCleanup, Restore, Sweep
from sso_center.services import ClientProtocols, Services, build_services

_log = logging.getLogger("sso_center.courier")

LEASE_SECONDS = 10

WALK_SLICE = 0.5
"""Seconds that a cut-off job runs before everything else has its turn."""

ROTATE_KEYS_AFTER = 90 * DAY * 1000
"""Milliseconds that a key signs before the next one takes over."""


def run(settings: Settings, protocols: ClientProtocols) -> None:
    """Work until SIGTERM or SIGINT, then return when the deliveries under way are done."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    services = _connect(settings, protocols, stop)
    if services is None:
        return
    try:
        Courier(services).work(stop)
    finally:
        services.close()


def _connect(settings: Settings, protocols: ClientProtocols, stop: threading.Event) -> Services | None:
    while not stop.is_set():
        try:
            return build_services(settings, protocols)
        except SSOError as failed:
            _log.warning("waiting for the stores", extra={"detail": failed.detail or failed.message})
            stop.wait(1)
    return None


class Courier:
    """One courier and its scheduled tasks."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._news = threading.Event()
        self._announced = 0
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._leases = Leases(services.database, holder, services.clock)
        self._follower = JournalFollower(
            services.entries, services.applier, services.users, services.mass_endings.enforce
        )
        self._job_runner = CutoffJobRunner(
            services.cutoff_jobs, services.entries, services.cutoff_enforcer, self._leases, services.clock
        )
        self._failovers = FailoverWatcher(services.redis, services.entries, services.applier, services.clock)
        self._restore = Restore(
            services.redis, services.database, services.entries, services.mass_endings, services.clock
        )
        self._sweep = Sweep(services.redis, services.endings, services.revoker, services.clock)
        self._eviction = Eviction(
            services.redis, services.clients, services.endings, total=services.settings.sessions_total
        )
        self._index_cleanup = IndexCleanup(services.redis, services.clients)
        self._drain = AuditDrain(services.database, services.redis)
        self._delivery = Delivery(
            services.outbox,
            services.clients,
            services.notice_sender,
            services.sessions,
            services.clock,
            on_done=self._news.set,
        )

    def work(self, stop: threading.Event) -> None:
        """Work until `stop` is set: at once when the journal grows, else every second."""
        listener = threading.Thread(target=self._listen, args=(stop,), daemon=True, name="listen")
        listener.start()
        tasks = [
            ScheduledTask(self._follow_and_deliver, every=0.0),
            ScheduledTask(self._walk_on, every=0.0),
            ScheduledTask(self._restore.detect, every=2.0, lease="tail"),
            ScheduledTask(self._failovers.check_shards, every=2.0, lease="tail"),
            ScheduledTask(self._announce_configuration, every=2.0),
            ScheduledTask(self._sweep_once, every=5.0, lease="sweep"),
            ScheduledTask(self._eviction.evict, every=2.0, lease="sweep"),
            ScheduledTask(self._services.administration.clients.finish_removals, every=5.0, lease="sweep"),
            ScheduledTask(self._drain.drain, every=5.0, lease="audit"),
            ScheduledTask(self._note_presence, every=5.0, lease="presence"),
            ScheduledTask(self._rotate_keys, every=3600.0, lease="keys"),
        ]
        while not stop.is_set():
            self._news.clear()
            for task in tasks:
                task.run_if_due(time.monotonic(), self._leases)
            self._wait(stop)
        self._delivery.close()
        with suppress(SSOError):
            self._leases.give_back()

    def _wait(self, stop: threading.Event) -> None:
        # Wakes within 0.2 s of `stop`, and at once for news.
        for _ in range(5):
            if stop.is_set() or self._news.wait(0.2):
                return

    def _listen(self, stop: threading.Event) -> None:
        for message in self._services.redis.listen(CHANNEL):
            if stop.is_set():
                return
            if message is not None:
                self._news.set()

    def _follow_and_deliver(self) -> None:
        self._delivery.deliver_due()
        if self._leases.hold("tail", LEASE_SECONDS):
            while self._follower.follow():
                self._delivery.deliver_due()

    def _walk_on(self) -> None:
        # In slices, so that notices are delivered meanwhile; without a pause until nothing is left.
        if self._job_runner.step(WALK_SLICE):
            self._news.set()

    def _announce_configuration(self) -> None:
        # A worker that died between committing a change and announcing it left this undone.
        version = self._services.entries.configuration_version()
        if version != self._announced:
            self._services.redis.announce_configuration(version)
            self._announced = version

    def _sweep_once(self) -> None:
        self._sweep.sweep()
        self._index_cleanup.clean_up()

    def _note_presence(self) -> None:
        now = self._services.clock()
        if self._services.history.is_noted(now):
            return
        people, sessions = self._services.sessions.presence().now, self._services.sessions.count()
        self._services.history.note(now, people, sessions)

    def _rotate_keys(self) -> None:
        for purpose in self._services.keys.due(ROTATE_KEYS_AFTER):
            self._services.keys.rotate(purpose)


class ScheduledTask:
    """A kind of work that is due every so often. A failure is logged, and the work is due again.

    Where it has a `lease`, only the courier that holds that does the work.
    """

    def __init__(self, work: Callable[[], object], *, every: float, lease: str = "") -> None:
        self._work = work
        self._every = every
        self._lease = lease
        self._next = 0.0

    def run_if_due(self, now: float, leases: Leases) -> None:
        """Do the work if it is due. `now` is monotonic, in seconds."""
        if now < self._next:
            return
        self._next = now + self._every
        try:
            if not self._lease or leases.hold(self._lease, LEASE_SECONDS):
                self._work()
        except SSOError as failed:
            _log.warning(
                "put off", extra={"work": self._work.__name__, "detail": failed.detail or failed.message}
            )
        except Exception:
            _log.exception("failed", extra={"work": self._work.__name__})
