"""Presence over time: a sample each minute, and the data of a chart made of them."""

from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from sso_center.base.errors import Invalid
from sso_center.storage.schema import presence
from sso_center.storage.sql import Database

MINUTE, DAY = 60_000, 86_400_000
KEPT = 90 * DAY
"""Milliseconds that a sample is kept."""

MAX_POINTS = 1000
_FORGOTTEN_AT_ONCE = 500


@dataclass(frozen=True)
class PresenceSample:
    """A span of time that begins at `at` (ms), with the largest number of people and sessions in it.

    Both are None when unknown: no courier was running, or it is too long ago.
    """

    at: int
    people: int | None
    sessions: int | None


class History:
    """The samples in SQL. Each method raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_noted(self, at: int) -> bool:
        """Say whether the minute of `at` (ms) has its sample."""
        with self._database.read() as connection:
            return connection.scalar(select(presence.c.at).where(presence.c.at == _minute(at))) is not None

    def note(self, at: int, people: int, sessions: int) -> None:
        """Store a sample for the minute of `at` (ms), unless it has one; delete the oldest."""
        try:
            with self._database.write() as connection:
                connection.execute(insert(presence).values(at=_minute(at), people=people, sessions=sessions))
        except IntegrityError:
            return
        old = select(presence.c.at).where(presence.c.at < at - KEPT).order_by(presence.c.at)
        with self._database.write() as connection:
            connection.execute(delete(presence).where(presence.c.at.in_(old.limit(_FORGOTTEN_AT_ONCE))))

    def between(self, since: int, until: int, points: int) -> list[PresenceSample]:
        """Return `points` equal spans that fill the time from `since` to `until` (ms), in order.

        Raises Invalid naming the field.
        """
        if not 0 < points <= MAX_POINTS:
            raise Invalid(f"points is a whole number from 1 to {MAX_POINTS}.", field="points")
        if until - since < points:
            raise Invalid("until is later than since.", field="until")
        width = (until - since) // points
        number = (presence.c.at - since) // width
        wanted = (
            select(number, func.max(presence.c.people), func.max(presence.c.sessions))
            .where(presence.c.at >= since, presence.c.at < since + width * points)
            .group_by(number)
        )
        with self._database.read() as connection:
            found = {int(row[0]): (row[1], row[2]) for row in connection.execute(wanted)}
        return [
            PresenceSample(since + place * width, *found.get(place, (None, None))) for place in range(points)
        ]


def _minute(at: int) -> int:
    return at // MINUTE * MINUTE
