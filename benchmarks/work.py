"""What is measured on each side, in turn: prepares the browsers and tokens, then hands out units."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.browser import Browser
from benchmarks.load import Sample, run
from benchmarks.side import Side
from benchmarks.units import Chain, Tokens, Unit, authorize, check, drive, hand_off, sign_in, verify

CONNECTIONS = 16
MOST_LOGINS_AT_ONCE = 8
"""A password check keeps a core busy for 20 ms whoever does it: more at once would only queue."""


@dataclass(frozen=True)
class Task:
    """One row of the table: its name, how many do it at once, and how its units are made for a side."""

    name: str
    title: str
    most_at_once: int
    prepare: Callable[["Crowd"], Callable[[int], Unit]]

    def measure(self, crowd: "Crowd", seconds: float) -> Sample:
        """Load the crowd's side with this task for so many seconds."""
        connections = min(len(crowd.browsers), self.most_at_once)
        return run(crowd.side, self.prepare(crowd), connections=connections, seconds=seconds)


class Crowd:
    """The people of one side: browsers that are signed in, and names of those who will."""

    def __init__(self, side: Side, alg: str, browsers: Sequence[Browser]) -> None:
        self.side = side
        self.alg = alg
        self.browsers = browsers

    @classmethod
    def signing_in(cls, side: Side, alg: str, connections: int = CONNECTIONS) -> "Crowd":
        """Sign in a browser for each connection."""
        browsers = [Browser(side.origin) for _ in range(connections)]
        for number, browser in enumerate(browsers):
            drive(side, sign_in(side, browser, side.visitors[number % len(side.visitors)]))
        return cls(side, alg, browsers)

    def fresh_tokens(self) -> list[str]:
        """An access token a browser; each handoff is checked to its last claim on the way."""
        tokens = [drive(self.side, hand_off(self.side, browser)) for browser in self.browsers]
        verify(self.side, tokens[0], self.alg)
        return [given["access_token"] for given in tokens]


def handoffs(crowd: Crowd) -> Callable[[int], Unit]:
    """What makes the handoff of one of the crowd's browsers, after one of each was looked at."""
    crowd.fresh_tokens()

    def unit(number: int) -> Unit:
        tokens: Tokens = hand_off(crowd.side, crowd.browsers[number])
        yield from tokens

    return unit


def _visits(crowd: Crowd) -> Callable[[int], Unit]:
    side, browsers = crowd.side, crowd.browsers
    return lambda _: authorize(side, random.choice(browsers))


def _checks(crowd: Crowd) -> Callable[[int], Unit]:
    tokens = crowd.fresh_tokens()
    return lambda number: check(crowd.side, tokens[number])


def _refreshes(crowd: Crowd) -> Callable[[int], Unit]:
    """What takes the chain of each connection one further, after the first step of one was looked at."""
    side = crowd.side
    given = [drive(side, hand_off(side, browser, side.keeper)) for browser in crowd.browsers]
    chains = [Chain(side, tokens.get("refresh_token", "")) for tokens in given]
    refreshed = drive(side, chains[0].refresh())
    verify(side, refreshed, crowd.alg, side.keeper, is_refreshed=True)
    drive(side, check(side, refreshed["access_token"], side.keeper))

    def unit(number: int) -> Unit:
        tokens: Tokens = chains[number].refresh()
        yield from tokens

    return unit


def _logins(crowd: Crowd) -> Callable[[int], Unit]:
    side = crowd.side
    return lambda number: sign_in(side, Browser(side.origin), side.newcomers[number % len(side.newcomers)])


TASKS = (
    Task("handoff", "handoff, /authorize with a live session then /token", 1000, handoffs),
    Task("check", "check, introspection of an opaque access token", 1000, _checks),
    Task("refresh", "refresh, the token rotated at every use", 1000, _refreshes),
    Task(
        "login", "login, /authorize and the page and the password to the code", MOST_LOGINS_AT_ONCE, _logins
    ),
)

AUTHORIZE = Task("authorize", "/authorize with a live session's cookie, to the code", CONNECTIONS, _visits)
"""Half a handoff: the one half that a full store could make dearer."""
