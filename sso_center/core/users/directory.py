"""Find users: by id, by login name, by what their names begin with."""

import builtins
from collections.abc import Collection, Iterator, Sequence

from sso_center.base.names import normal_name
from sso_center.core.users.store import (
    known,
    read_beginning,
    read_by_sub,
    read_by_username,
    read_consenting,
    read_names,
    read_page,
)
from sso_center.core.users.user import User
from sso_center.storage.sql import Database

PAGE = 500


class UserDirectory:
    """Reads accounts from SQL. Every method raises Unavailable when that is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, sub: str) -> User:
        """Return one user by the stable id; raises NotFound."""
        with self._database.read() as connection:
            return known(read_by_sub(connection, sub)).user

    def find(self, username: str) -> User | None:
        """Return one user by login name, however it is written, or None."""
        with self._database.read() as connection:
            account = read_by_username(connection, normal_name(username))
        return account.user if account else None

    def called(self, name: str) -> User | None:
        """Return one user by login name or stable id, or None."""
        with self._database.read() as connection:
            account = read_by_username(connection, normal_name(name)) or read_by_sub(connection, name)
        return account.user if account else None

    def list(self, *, after: str = "", count: int = PAGE) -> list[User]:
        """Return `count` users in the order of their login names, beginning after `after`."""
        with self._database.read() as connection:
            return read_page(connection, after, count)

    def search(self, beginning: str, *, after: str = "", count: int = PAGE) -> builtins.list[User]:
        """Return `count` users whose login name, name or e-mail address begins so, ignoring case.

        They come in the order of their login names, beginning after `after`.
        """
        with self._database.read() as connection:
            return read_beginning(connection, beginning.strip(), after, count)

    def names(self, subs: Collection[str]) -> dict[str, str]:
        """Return the login names of those of these users that exist."""
        with self._database.read() as connection:
            return read_names(connection, subs)

    def all(self) -> Iterator[User]:
        """Yield every user in the order of their login names."""
        page = self.list()
        while page:
            yield from page
            page = self.list(after=page[-1].username)

    def consenting_to(self, client_id: str) -> Sequence[User]:
        """Return the users who consented to a client."""
        with self._database.read() as connection:
            return [one for one in read_consenting(connection, client_id) if one.consent_to(client_id)]
