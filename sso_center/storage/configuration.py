"""The configuration version: raised with each change of clients or keys, so that no process misses one."""

from sqlalchemy import Connection, select, update

from sso_center.storage.schema import meta

_KEY = "config_version"


def read_configuration_version(connection: Connection) -> int:
    """Return the version in the transaction's view."""
    stored = connection.execute(select(meta.c.value).where(meta.c.key == _KEY)).scalar_one()
    return int(stored)


def raise_configuration_version(connection: Connection) -> int:
    """Raise the version within the caller's transaction, and return it.

    Locks the row first: two changes at once get two versions.
    """
    stored = connection.execute(select(meta.c.value).where(meta.c.key == _KEY).with_for_update()).scalar_one()
    version = int(stored) + 1
    write_configuration_version(connection, version)
    return version


def write_configuration_version(connection: Connection, version: int) -> None:
    """Set the version within the caller's transaction."""
    connection.execute(update(meta).where(meta.c.key == _KEY).values(value=str(version)))
