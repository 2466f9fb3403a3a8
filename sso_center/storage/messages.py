"""The listener of a channel, which survives everything that may happen to the server."""

import time
from collections.abc import Callable, Iterator

from redis.exceptions import RedisError

from sso_center.storage.link import packed
from sso_center.storage.nodes import AwayError, Node

SILENCE = 15.0
"""Seconds of silence after which a listener checks that the server is still there."""


def listen(find_node: Callable[[], Node], channel: str, idle: float) -> Iterator[str | None]:
    """Yield messages for ever, and None after each (re)connection and each `idle` seconds without any."""
    while True:
        try:
            yield from _listen_once(find_node(), channel, idle)
        except (AwayError, RedisError, OSError):
            yield None
            time.sleep(min(idle, 0.2))


def _listen_once(node: Node, channel: str, idle: float) -> Iterator[str | None]:
    link = node.connect()
    try:
        link.ask("SUBSCRIBE", channel)
        yield None
        heard_at = asked_at = time.monotonic()
        while True:
            if link.has_message(idle):
                kind, *_, message = link.receive()
                heard_at = asked_at = time.monotonic()
                yield message if kind == "message" else None
                continue
            yield None
            now = time.monotonic()
            if now - heard_at > 2 * SILENCE:
                raise AwayError("the server listened to has vanished")
            if now - asked_at > SILENCE:
                link.send((packed("PING"),), check_health=False)
                asked_at = now
    finally:
        link.close()
