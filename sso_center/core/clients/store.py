"""The rows of clients in SQL, and what is remembered of removed ones."""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from sso_center.base.errors import Conflict, Invalid
from sso_center.core.clients.client import Client
from sso_center.core.clients.protocol_settings import (
    OIDC,
    FindReader,
    ProtocolSettings,
    UnreadableSettings,
    stored_form,
)
from sso_center.storage.schema import clients, meta

_log = logging.getLogger(__name__)

_FORMER = "former-client"
"""How the keys begin."""

FORMER_KEPT = 48 * 3600 * 1000
"""Milliseconds that a removed client is remembered: longer than any notice to it is retried."""

_IN_COLUMNS = ("client_id", "name", "version", "protocol", "protocol_settings")
_SETTINGS = frozenset(field.name for field in fields(Client)) - set(_IN_COLUMNS)


@dataclass(frozen=True)
class FormerClient:
    """A removed client: where it is notified of logouts, until its last notices are delivered.

    `id` names this removal; `until` is the last entry of the journal that concerns it, 0 until all its tokens
    are revoked. `audiences` are the APIs that accept its access tokens: they are notified too.
    """

    id: str
    client_id: str
    name: str
    backchannel_logout_uri: str | None
    id_token_alg: str
    actor: str
    removed_at: int
    until: int = 0
    audiences: Sequence[str] = ()
    protocol: str = OIDC

    @property
    def client(self) -> Client:
        """The client as far as it can still be notified: nothing else of it is left."""
        return Client(
            client_id=self.client_id,
            name=self.name,
            backchannel_logout_uri=self.backchannel_logout_uri,
            is_public=True,
            id_token_alg=self.id_token_alg,
            audiences=tuple(self.audiences),
            protocol=self.protocol,
        )


def read_former(connection: Connection) -> dict[str, FormerClient]:
    """Return the recently removed clients, by id."""
    rows = connection.execute(select(meta).where(meta.c.key.startswith(_FORMER, autoescape=True)))
    found = [FormerClient(**json.loads(row.value)) for row in rows]
    return {one.client_id: one for one in found}


def write_former(connection: Connection, former: FormerClient) -> None:
    """Remember a removed client, in place of an earlier one with its id; delete old ones."""
    for known in read_former(connection).values():
        is_old = known.until and known.removed_at < former.removed_at - FORMER_KEPT
        if known.client_id == former.client_id or is_old:
            connection.execute(delete(meta).where(meta.c.key == _former_key(known)))
    connection.execute(insert(meta).values(key=_former_key(former), value=_former_value(former)))


def finish_former(connection: Connection, former: FormerClient, until: int) -> None:
    """Record that all tokens of a removed client are revoked, by entry `until` of the journal."""
    done = _former_value(replace(former, until=until))
    connection.execute(update(meta).where(meta.c.key == _former_key(former)).values(value=done))


def _former_key(former: FormerClient) -> str:
    # A worker of an older center reads all keys of the first kind, and takes no field that it does not know.
    kind = "" if former.protocol == OIDC else "-of-another-protocol"
    return f"{_FORMER}{kind}:{former.client_id}"


def _former_value(former: FormerClient) -> str:
    about = asdict(former)
    if former.protocol == OIDC:
        del about["protocol"]
    return json.dumps(about)


def read_all(connection: Connection, find_reader: FindReader) -> dict[str, tuple[Client, str | None]]:
    """Return every client with the hash of its secret (None for a public one), by id."""
    rows = connection.execute(select(clients).order_by(clients.c.client_id))
    return {row.client_id: (_client(row, find_reader), row.secret_hash) for row in rows}


def read_to_change(connection: Connection, client_id: str, find_reader: FindReader) -> Client | None:
    """Return one client or None, locked against other changes."""
    found = select(clients).where(clients.c.client_id == client_id).with_for_update()
    row = connection.execute(found).one_or_none()
    return None if row is None else _client(row, find_reader)


def add_client(connection: Connection, client: Client, secret_hash: str | None, at: int) -> None:
    """Store a new client as of that moment (ms). Raises Conflict when its id is taken."""
    values = {"client_id": client.client_id, "secret_hash": secret_hash, "created_at": at}
    try:
        connection.execute(insert(clients).values(**values, **_columns(client, at)))
    except IntegrityError as clash:
        raise Conflict(f"The client {client.client_id!r} is registered already.") from clash


def write_client(connection: Connection, client: Client, at: int) -> None:
    """Store a client as of that moment (ms)."""
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
    """Delete a client; say whether there was one."""
    return connection.execute(delete(clients).where(clients.c.client_id == client_id)).rowcount > 0


def _columns(client: Client, at: int) -> dict[str, Any]:
    settings = {name: value for name, value in asdict(client).items() if name not in _IN_COLUMNS}
    return {
        "name": client.name,
        "settings": settings,
        "protocol": client.protocol,
        "protocol_settings": stored_form(client.protocol_settings),
        "version": client.version,
        "updated_at": at,
    }


def _client(row: Row[Any], find_reader: FindReader) -> Client:
    # A field that a row of an older center lacks has today's default.
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.settings.items()
        if name in _SETTINGS
    }
    return Client(
        client_id=row.client_id,
        name=row.name,
        version=row.version,
        protocol=row.protocol,
        protocol_settings=_protocol_settings(row, find_reader),
        **settings,
    )


def _protocol_settings(row: Row[Any], find_reader: FindReader) -> ProtocolSettings | None:
    if row.protocol_settings is None:
        return None
    reader = find_reader(row.protocol)
    try:
        return reader(row.protocol_settings) if reader else UnreadableSettings(row.protocol_settings)
    except Invalid as unreadable:
        # Of a newer center, say: this client is found by no address here, and all others go on.
        about = {"client": row.client_id, "detail": unreadable.message}
        _log.warning("protocol settings not read", extra=about)
        return UnreadableSettings(row.protocol_settings)
