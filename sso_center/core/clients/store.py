"""The rows of clients in SQL."""

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from sso_center.core.clients.client import Client
from sso_center.storage.schema import clients

_IN_COLUMNS = ("client_id", "name", "version")
_SETTINGS = frozenset(field.name for field in fields(Client)) - set(_IN_COLUMNS)


def read_all(connection: Connection) -> dict[str, tuple[Client, str | None]]:
    """Return every client with the hash of its secret (None for a public one), by id."""
    rows = connection.execute(select(clients).order_by(clients.c.client_id))
    return {row.client_id: (_client(row), row.secret_hash) for row in rows}


def read_to_change(connection: Connection, client_id: str) -> Client | None:
    """Return one client or None; another change of it waits for this transaction."""
    found = select(clients).where(clients.c.client_id == client_id).with_for_update()
    row = connection.execute(found).one_or_none()
    return None if row is None else _client(row)


def add_client(connection: Connection, client: Client, secret_hash: str | None, at: int) -> None:
    """Store a new client at that moment (ms). Raises IntegrityError when its id is taken."""
    connection.execute(
        insert(clients).values(
            client_id=client.client_id, secret_hash=secret_hash, created_at=at, **_columns(client, at)
        )
    )


def write_client(connection: Connection, client: Client, at: int) -> None:
    """Store a client as it is from that moment (ms) on."""
    connection.execute(
        update(clients).where(clients.c.client_id == client.client_id).values(**_columns(client, at))
    )


def write_secret(connection: Connection, client_id: str, secret_hash: str, version: int, at: int) -> None:
    """Store the hash of a client's new secret."""
    connection.execute(
        update(clients)
        .where(clients.c.client_id == client_id)
        .values(secret_hash=secret_hash, version=version, updated_at=at)
    )


def remove_client(connection: Connection, client_id: str) -> bool:
    """Remove a client; says whether there was one."""
    return connection.execute(delete(clients).where(clients.c.client_id == client_id)).rowcount > 0


def _columns(client: Client, at: int) -> dict[str, Any]:
    settings = {name: value for name, value in asdict(client).items() if name not in _IN_COLUMNS}
    return {"name": client.name, "settings": settings, "version": client.version, "updated_at": at}


def _client(row: Row[Any]) -> Client:
    # What a row of an older center does not name has the default of today.
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.settings.items()
        if name in _SETTINGS
    }
    return Client(client_id=row.client_id, name=row.name, version=row.version, **settings)
