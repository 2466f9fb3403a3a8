"""Presence: who is here, and where each session was used, read from what presence.lua stores."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sso_center.core.sessions.record import read_about

SHOWN_STEPS = 25

WINDOWS = (2, 5, 15, 60)
"""Minutes; a person seen within the first of them counts as here now."""


@dataclass(frozen=True)
class Step:
    """One use of a session: when (ms since 1970), for which client ('' for a login), from which address and
    program.

    `address` and `user_agent` are None when the client itself asked: that says nothing of the browser.
    """

    at: int
    client_id: str
    address: str | None
    user_agent: str | None


@dataclass(frozen=True)
class Presence:
    """How many people were seen lately, by minute, and which clients were used most in the last 24 hours.

    `clients` holds pairs of a client and how many grants it got, the most used first.
    """

    now: int
    last_5: int
    last_15: int
    last_60: int
    clients: tuple[tuple[str, int], ...]


def read_steps(reply: Sequence[str]) -> list[Step]:
    """Read a session's `about` and its steps as presence.lua writes them; the login is one of the steps."""
    if not reply:
        return []
    about = read_about(reply[0])
    login = Step(about.opened_at, "", about.address, about.user_agent)
    steps = [_read_step(text, login) for text in reply[1:]]
    # Another host's clock may have been ahead.
    return sorted([*steps, login], key=lambda step: -step.at)[:SHOWN_STEPS]


def _read_step(text: str, login: Step) -> Step:
    at, client_id, *where = text.split("|", 3)
    if not where:
        return Step(int(at), client_id, None, None)
    if len(where) == 1:
        return Step(int(at), client_id, login.address, login.user_agent)
    return Step(int(at), client_id, where[0], where[1])


def read_presence(replies: Iterable[Sequence[str | int]], most: int) -> Presence:
    """Sum up the shards' answers: a person lives in one shard, a client is used in all of them."""
    people = [0] * len(WINDOWS)
    used: Counter[str] = Counter()
    for reply in replies:
        counts, clients = reply[: len(WINDOWS)], reply[len(WINDOWS) :]
        people = [have + int(more) for have, more in zip(people, counts, strict=True)]
        for client_id, times in zip(clients[::2], clients[1::2], strict=True):
            used[str(client_id)] += int(times)
    ranked = sorted(used.items(), key=lambda item: (-item[1], item[0]))
    now, last_5, last_15, last_60 = people
    return Presence(now, last_5, last_15, last_60, tuple(ranked[:most]))
