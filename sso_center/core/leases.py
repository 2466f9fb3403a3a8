"""Leases in SQL: of several couriers, one does a kind of work at a time."""

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from sso_center.base.clock import Clock
from sso_center.storage.schema import leases
from sso_center.storage.sql import Database

CLOCKS_DIFFER = 60_000
"""Milliseconds by which hosts may differ. A lease that ends later still is of a clock that was set back
since: its holder may be long gone, and nobody else would work until then."""


class Leases:
    """Leases of one holder, by name. They only save work: whatever runs under one is harmless to repeat."""

    def __init__(self, database: Database, holder: str, clock: Clock) -> None:
        self._database = database
        self._holder = holder
        self._clock = clock
        self._until: dict[str, int] = {}

    def hold(self, name: str, seconds: int) -> bool:
        """Take or keep a lease, and say whether we have it. Raises Unavailable.

        One that has more than half of its time left is not asked for again.
        """
        now = self._clock()
        if self._until.get(name, 0) - now > seconds * 500:
            return True
        until = now + seconds * 1000
        try:
            is_ours = self._take(name, now, until)
        except IntegrityError:
            return False  # nobody held it yet, and another courier was quicker
        if is_ours:
            self._until[name] = until
        return is_ours

    def _take(self, name: str, now: int, until: int) -> bool:
        with self._database.write() as connection:
            found = connection.execute(select(leases).where(leases.c.name == name).with_for_update()).first()
            if found is None:
                connection.execute(insert(leases).values(name=name, holder=self._holder, until=until))
            elif found.holder == self._holder or not now < found.until <= until + CLOCKS_DIFFER:
                connection.execute(
                    update(leases).where(leases.c.name == name).values(holder=self._holder, until=until)
                )
            else:
                return False
        return True

    def give_back(self) -> None:
        """Let another courier have what we hold, at once. Raises Unavailable."""
        with self._database.write() as connection:
            connection.execute(update(leases).where(leases.c.holder == self._holder).values(until=0))
        self._until.clear()
