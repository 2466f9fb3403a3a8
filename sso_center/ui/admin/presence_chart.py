"""The chart of presence over time: drawn on the server as paths of an SVG, with its numbers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sso_center.core.sessions import PresenceSample
from sso_center.services import Services
from sso_center.web.language import number

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WIDTH, HEIGHT = 720, 200
ROUND = (4, 6, 8, 10, 12, 16, 20, 24, 30)
ROWS = 12
"""Rows of the table that says the same in numbers."""


Run = list[tuple[float, float]]


@dataclass(frozen=True)
class Span:
    """A length of time (ms), how many parts it is cut into, and how its instants are written."""

    length: int
    points: int
    format: str


SPANS = {
    "hour": Span(HOUR, 60, "%H:%M"),
    "day": Span(DAY, 96, "%H:%M"),
    "week": Span(7 * DAY, 168, "%m-%d %H:%M"),
}


@dataclass(frozen=True)
class NumberRow:
    """A stretch of time in numbers; they are '' when nothing is known of it."""

    when: str
    people: str
    sessions: str


@dataclass(frozen=True)
class PresenceChart:
    """Paths within a box of WIDTH by HEIGHT, the number at its top, the instants below it, and a table."""

    people: str
    people_area: str
    sessions: str
    top: int
    times: tuple[str, ...]
    rows: tuple[NumberRow, ...]
    most_people: int
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known yet."""
        return not self.sessions


def presence_chart(services: Services, name: str) -> PresenceChart:
    """Return the chart of one of SPANS up to now. Raises Unavailable."""
    span = SPANS[name]
    until = (services.clock() // MINUTE + 1) * MINUTE
    return draw(services.history.between(until - span.length, until, span.points), span, until)


def draw(moments: Sequence[PresenceSample], span: Span, until: int) -> PresenceChart:
    """Return the chart of samples in order; where nothing is known the line is broken."""
    top = _round_up(max((one.sessions or 0 for one in moments), default=0))
    people = _runs(moments, lambda one: one.people, top)
    sessions = _runs(moments, lambda one: one.sessions, top)
    steps = [until - span.length + span.length * place // 4 for place in range(5)]
    return PresenceChart(
        people="".join(map(_line, people)),
        people_area="".join(map(_area, people)),
        sessions="".join(map(_line, sessions)),
        top=top,
        times=tuple(_written(at, span) for at in steps),
        rows=tuple(_rows(moments, span)),
        most_people=max((one.people or 0 for one in moments), default=0),
    )


def _runs(
    moments: Sequence[PresenceSample], value_of: Callable[[PresenceSample], int | None], top: int
) -> list[Run]:
    """Return the points of a line; where nothing is known one run ends and another begins."""
    width = WIDTH / max(len(moments), 1)
    runs: list[Run] = [[]]
    for place, moment in enumerate(moments):
        value = value_of(moment)
        if value is None:
            runs.append([])
            continue
        y = HEIGHT - value * HEIGHT / top
        # From edge to edge, so that a run of a single moment is seen.
        runs[-1] += [] if runs[-1] else [(place * width, y)]
        runs[-1].append(((place + 1) * width, y))
    return [run for run in runs if run]


def _line(run: Run) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run)


def _area(run: Run) -> str:
    return f"{_line(run)}L{run[-1][0]:.1f} {HEIGHT}L{run[0][0]:.1f} {HEIGHT}Z"


def _rows(moments: Sequence[PresenceSample], span: Span) -> list[NumberRow]:
    every = max(len(moments) // ROWS, 1)
    parts = [moments[place : place + every] for place in range(0, len(moments), every)]
    return [
        NumberRow(
            _written(part[0].at, span), _most(one.people for one in part), _most(one.sessions for one in part)
        )
        for part in parts
    ]


def _most(values: Iterable[int | None]) -> str:
    known = [value for value in values if value is not None]
    return number(max(known)) if known else ""


def _written(at: int, span: Span) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime(span.format)


def _round_up(value: int) -> int:
    """Return a round number that is not smaller, and whose half is a number too."""
    unit = 1
    while True:
        for factor in ROUND:
            if factor * unit >= value:
                return factor * unit
        unit *= 10
