"""One Redis server: its idle connections, one exchange with it, and whether it failed a moment ago."""

import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from sso_center.storage.link import Link

REST_AFTER_FAILURE = 0.2
"""Seconds in which calls to a server that just failed fail at once, so that not every call waits."""

MAX_IDLE = 64

Pack = Callable[[str], bytes]
"""Makes the bytes to send, given the run id of the server that gets them."""


class AwayError(Exception):
    """A server can't be reached, or did not answer in time: nobody knows whether it ran the command."""


class Node:
    """One server. Thread-safe; after a fork each process has its own connections."""

    def __init__(self, connect: Callable[[], Link]) -> None:
        """`connect` opens and returns a new connection or raises what redis-py raises.

        `failed_at` is on the monotonic clock: when the server last failed.
        """
        self._make = connect
        self._idle: deque[Link] = deque(maxlen=MAX_IDLE)
        self._pid = os.getpid()
        self.failed_at = -REST_AFTER_FAILURE

    def exchange(self, pack: Pack, *, asking: bool = False) -> Any:
        """Send one command and return its reply; `asking` when a Cluster node redirected us here for this
        once.

        Raises AwayError, or the server's refusal as redis-py's ResponseError. Never sends twice: a script
        whose answer was lost may have run.
        """
        link = self._take()
        try:
            if asking:
                link.ask("ASKING")
            link.send((pack(link.run_id),), check_health=False)
            reply = link.receive()
        except ResponseError as refused:
            self._give_back(link, refused)
            raise
        except BaseException as failed:
            self._lose(link, failed)
            raise
        self._idle.append(link)
        return reply

    def exchange_many(self, packs: Sequence[Pack]) -> list[Any]:
        """Send several commands at once and return their replies; a refusal takes the place of its reply.

        Raises AwayError: which of them ran is then unknown.
        """
        link = self._take()
        try:
            link.send((b"".join(pack(link.run_id) for pack in packs),), check_health=False)
            replies = [_reply_or_refusal(link) for _ in packs]
        except BaseException as failed:
            self._lose(link, failed)
            raise
        refused = next((reply for reply in replies if isinstance(reply, ReadOnlyError)), None)
        if refused is None:
            self._idle.append(link)
        else:
            self._give_back(link, refused)
        return replies

    def connect(self) -> Link:
        """Return a connection of the caller's own, such as one for listening. Raises AwayError."""
        try:
            return self._make()
        except (RedisError, OSError) as failed:
            self._rest()
            raise AwayError(str(failed)) from failed

    def forget(self) -> None:
        """Close the idle connections, so that the next exchange opens a new one."""
        while True:
            try:
                self._idle.pop().close()
            except IndexError:
                return

    def _take(self) -> Link:
        if self._pid != os.getpid():
            self._idle, self._pid = deque(maxlen=MAX_IDLE), os.getpid()
        while True:
            try:
                link = self._idle.pop()
            except IndexError:
                return self._connect_anew()
            if link.is_fresh():
                return link
            link.close()

    def _connect_anew(self) -> Link:
        if time.monotonic() < self.failed_at + REST_AFTER_FAILURE:
            raise AwayError("was away a moment ago")
        link = self.connect()
        try:
            link.learn_run_id()
        except BaseException as failed:
            self._lose(link, failed)
            raise
        return link

    def _give_back(self, link: Link, refused: ResponseError) -> None:
        if isinstance(refused, ReadOnlyError):
            # A primary that became a replica: a new connection finds the new primary.
            link.close()
            self.forget()
        else:
            self._idle.append(link)

    def _lose(self, link: Link, failed: BaseException) -> None:
        link.close()
        if isinstance(failed, RedisError | OSError):
            self._rest()
            raise AwayError(str(failed)) from failed

    def _rest(self) -> None:
        self.failed_at = time.monotonic()
        self.forget()


def _reply_or_refusal(link: Link) -> Any:
    try:
        return link.receive()
    except ResponseError as refused:
        return refused
