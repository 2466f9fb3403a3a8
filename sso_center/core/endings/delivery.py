"""Step 4: delivering notices, off the request, with no slow site holding up another."""

import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sso_center.base.clock import Clock
from sso_center.base.errors import Invalid, Unavailable
from sso_center.core.clients import Clients
from sso_center.core.endings.logout_token import make_logout_token
from sso_center.core.endings.notices import Notice, Notices, Receipt
from sso_center.core.endings.post import Poster
from sso_center.core.keys import Keys

WORKERS = 16
AT_ONCE_BY_CLIENT = 2

_log = logging.getLogger("sso_center.courier")


class Delivery:
    """Delivers due notices with bounded concurrency, at most two at once to the same client.

    `on_done` is called after each delivery, on any thread: another to that client may begin.
    """

    def __init__(
        self,
        notices: Notices,
        clients: Clients,
        keys: Keys,
        poster: Poster,
        issuer: str,
        clock: Clock,
        on_done: Callable[[], None] = lambda: None,
    ) -> None:
        self._notices = notices
        self._clients = clients
        self._keys = keys
        self._poster = poster
        self._issuer = issuer
        self._clock = clock
        self._on_done = on_done
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="deliver")
        self._lock = threading.Lock()
        self._under_way: dict[str, int] = {}

    def deliver_due(self) -> int:
        """Start delivering what is due, and return how many that were. Raises Unavailable."""
        if not self._notices.is_any_due(self._clock()):
            return 0
        started = 0
        while True:
            with self._lock:
                free = WORKERS - sum(self._under_way.values())
                busy = [name for name, count in self._under_way.items() if count >= AT_ONCE_BY_CLIENT]
            if free <= 0:
                return started
            leased = self._notices.lease(self._clock(), limit=free, not_for=busy)
            if not leased:
                return started
            for notice in leased:
                self._start(notice)
            started += len(leased)

    def close(self) -> None:
        """Wait for the deliveries under way."""
        self._pool.shutdown(wait=True)

    def _start(self, notice: Notice) -> None:
        with self._lock:
            self._under_way[notice.client_id] = self._under_way.get(notice.client_id, 0) + 1
        self._pool.submit(self._deliver, notice)

    def _deliver(self, notice: Notice) -> None:
        try:
            receipt = self._attempt(notice)
            jitter = random.random()  # noqa: S311 - spreads retries, protects nothing
            self._notices.keep(notice, receipt, self._clock(), jitter=jitter)
        except Unavailable as away:
            # The lease runs out and the notice is delivered again: at least once.
            _log.warning("receipt not kept", extra={"notice": notice.id, "detail": away.detail})
        except Exception:
            _log.exception("delivery failed", extra={"notice": notice.id})
        finally:
            with self._lock:
                self._under_way[notice.client_id] -= 1
                if not self._under_way[notice.client_id]:
                    del self._under_way[notice.client_id]
            self._on_done()

    def _attempt(self, notice: Notice) -> Receipt:
        client = self._clients.find(notice.client_id)
        if client is None or not client.backchannel_logout_uri:
            return Receipt(False, None, 0, "the client has no logout address")
        token = make_logout_token(
            self._keys, self._issuer, client, sub=notice.sub, sid=notice.sid, now=self._clock()
        )
        started = time.monotonic()
        try:
            status = self._poster.post(client.backchannel_logout_uri, {"logout_token": token})
        except Invalid as refused:
            return Receipt(False, None, _since(started), refused.message)
        # The standard's success is 200; some sites answer 204 (Back-Channel Logout 1.0 section 2.8).
        error = "" if status in (200, 204) else f"answered {status}"
        return Receipt(not error, status, _since(started), error)


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
