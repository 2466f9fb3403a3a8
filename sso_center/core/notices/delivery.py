"""Step 4: deliver notices, off the request, so that no slow site delays another."""

import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sso_center.base.clock import Clock
from sso_center.base.errors import Unavailable
from sso_center.core.clients import Clients
from sso_center.core.notices.outbox import Notice, Outbox
from sso_center.core.notices.sender import NoticeSender, Receipt
from sso_center.core.sessions import Sessions

WORKERS = 16
AT_ONCE_BY_CLIENT = 2

FOR_SLOW = 8
"""How many workers may be busy with sites that were slow or silent the last time."""

SLOW = 1_000
"""Milliseconds within which a prompt site answers."""

_log = logging.getLogger("sso_center.courier")


class Delivery:
    """Delivers due notices with bounded concurrency, at most two at once to the same client.

    Sites that were slow the last time share half of the workers; the other half stays free for prompt sites.
    `on_done` is called after each delivery, on any thread: another delivery to that client may begin.
    """

    def __init__(
        self,
        outbox: Outbox,
        clients: Clients,
        sender: NoticeSender,
        sessions: Sessions,
        clock: Clock,
        on_done: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._clients = clients
        self._sender = sender
        self._sessions = sessions
        self._clock = clock
        self._on_done = on_done
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="deliver")
        self._lock = threading.Lock()
        self._under_way: dict[str, int] = {}
        self._slow: set[str] = set()

    def deliver_due(self) -> int:
        """Start delivering the due notices, and return how many they were. Raises Unavailable."""
        if not self._outbox.is_any_due(self._clock()):
            return 0
        started = 0
        while True:
            free, busy = self._room()
            if free <= 0:
                return started
            leased = self._outbox.lease(self._clock(), limit=free, not_for=busy)
            if not leased:
                return started
            for notice in leased:
                self._start(notice)
            started += len(leased)

    def close(self) -> None:
        """Wait for the deliveries under way."""
        self._pool.shutdown(wait=True)

    def _room(self) -> tuple[int, set[str]]:
        """Return how many deliveries may start, and the clients that must get none."""
        with self._lock:
            busy = {name for name, count in self._under_way.items() if count >= AT_ONCE_BY_CLIENT}
            for_slow = sum(count for name, count in self._under_way.items() if name in self._slow)
            # At random, so that each of many slow sites has its turn.
            drawn = random.sample(sorted(self._slow), min(len(self._slow), max(FOR_SLOW - for_slow, 0)))
            busy |= self._slow - set(drawn)
            return WORKERS - sum(self._under_way.values()), busy

    def _start(self, notice: Notice) -> None:
        with self._lock:
            self._under_way[notice.client_id] = self._under_way.get(notice.client_id, 0) + 1
        self._pool.submit(self._deliver, notice)

    def _deliver(self, notice: Notice) -> None:
        try:
            if self._is_superseded(notice):
                self._outbox.supersede(notice)
                return
            receipt = self._attempt(notice)
            jitter = random.random()  # noqa: S311 - spreads retries, protects nothing
            self._outbox.keep(notice, receipt, self._clock(), jitter=jitter)
        except Unavailable as away:
            # The lease expires and the notice is delivered again: at least once.
            _log.warning("receipt not kept", extra={"notice": notice.id, "detail": away.detail})
        except Exception:
            _log.exception("delivery failed", extra={"notice": notice.id})
        finally:
            with self._lock:
                self._under_way[notice.client_id] -= 1
                if not self._under_way[notice.client_id]:
                    del self._under_way[notice.client_id]
            self._on_done()

    def _is_superseded(self, notice: Notice) -> bool:
        """Say whether a notice, since it names only the person, would also end a newer session."""
        if notice.sid:
            return False
        return any(
            view.opened_at > notice.ended_at and notice.client_id in view.client_ids
            for view in self._sessions.of_user(notice.sub)
        )

    def _attempt(self, notice: Notice) -> Receipt:
        client = self._clients.find_notifiable(notice.client_id, notice.number)
        receipt = self._sender.send(
            client, sub=notice.sub, sid=notice.sid, handle=notice.handle, protocol=notice.protocol
        )
        with self._lock:
            if receipt.took >= SLOW:
                self._slow.add(notice.client_id)
            else:
                self._slow.discard(notice.client_id)
        return receipt
