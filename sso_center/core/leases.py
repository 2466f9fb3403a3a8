"""Leases in SQL: among several couriers, one at a time does a kind of work."""

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from sso_center.base.clock import Clock
from sso_center.storage.schema import leases
from sso_center.storage.sql import Database

CLOCKS_DIFFER = 60_000
"""Milliseconds by which hosts' clocks may differ. A lease that ends later still comes from a clock that was
set back since: its holder may be long gone, and nobody else would work until then."""


class Leases:
    """Leases of one holder, by name.

    They only save work: whatever runs under a lease is harmless to repeat.
    """

    def __init__(self, database: Database, holder: str, clock: Clock) -> None:
        self._database = database
        self._holder = holder
        self._clock = clock
        self._until: dict[str, int] = {}

    def hold(self, name: str, seconds: int) -> bool:
        """Take or keep a lease, and say whether we hold it. Raises Unavailable.

        A lease with more than half of its time left is not renewed.
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
        """Release all our leases, so that another courier can take them at once. Raises Unavailable."""
        with self._database.write() as connection:
            connection.execute(update(leases).where(leases.c.holder == self._holder).values(until=0))
        self._until.clear()
