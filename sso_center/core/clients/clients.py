"""The room's front: find, authenticate and change clients."""

import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from sso_center.base.clock import Clock
from sso_center.base.errors import Invalid, NotFound, Unavailable
from sso_center.base.secrets import all_shards, hashed, new_secret, same
from sso_center.core.audit.change import Also, Change, nothing_else
from sso_center.core.clients.addresses import AddressBook, address_book, addresses_of, check_addresses
from sso_center.core.clients.client import Client
from sso_center.core.clients.protocol_settings import FIELD, FindReader, UnreadableSettings, stored_form
from sso_center.core.clients.rules import Registration, check_registration
from sso_center.core.clients.store import (
    FormerClient,
    add_client,
    finish_former,
    read_all,
    read_former,
    read_to_change,
    remove_client,
    write_client,
    write_former,
    write_secret,
)
from sso_center.storage.configuration import raise_configuration_version, read_configuration_version
from sso_center.storage.redis import Redis, load_script
from sso_center.storage.sql import Database

_LOOK = load_script(__package__, "check_version.lua")

LOOK_AGAIN_AFTER = 2.0
"""Seconds after which the configuration version is compared again: a process whose visitors have no session
runs no script that would refuse it."""

_NO_HASH = hashed(new_secret())
"""The hash that an unknown client's secret is compared with, so that the answer takes the same time."""


@dataclass(frozen=True)
class _LoadedClients:
    """All clients as of one configuration version; swapped whole."""

    version: int
    clients: Mapping[str, tuple[Client, str | None]]
    holders: Mapping[str, tuple[str, ...]]
    """For each API, the other clients whose access tokens it accepts."""
    former: Mapping[str, FormerClient]
    """The recently removed clients."""
    addresses: AddressBook


class Clients:
    """Finding is from memory; changing raises Unavailable when a store is away. Thread-safe.

    `find_reader` returns what reads the settings of a protocol.
    """

    def __init__(self, database: Database, redis: Redis, clock: Clock, find_reader: FindReader) -> None:
        self._database = database
        self._redis = redis
        self._clock = clock
        self._find_reader = find_reader
        self._loaded: _LoadedClients | None = None
        self._loading = threading.Lock()
        self._look_again_at = 0.0

    # -- finding

    def find(self, client_id: str) -> Client | None:
        """Return one client or None.

        Before it returns None, it compares the configuration version with Redis's once, so that every process
        finds a client registered a moment ago. Raises Unavailable.
        """
        found = self._entry(client_id)
        return found[0] if found else None

    def find_by_address(self, protocol: str, address: str) -> Client | None:
        """Return the client that speaks this protocol and has this address, or None; see AddressBook for how.

        Raises Unavailable.
        """
        found = self._all().addresses.find(protocol, address)
        if found is None and self._is_outdated():
            found = self._all().addresses.find(protocol, address)
        return None if found is None else self.find(found)

    def get(self, client_id: str) -> Client:
        """Return one client; raises NotFound, Unavailable."""
        client = self.find(client_id)
        if client is None:
            raise NotFound(f"There is no client {client_id!r}.")
        return client

    def find_notifiable(self, client_id: str, number: int | None = None) -> Client | None:
        """Return the client to notify of a logout; a removed client too, until its last notices are
        delivered.

        `number` is the journal's entry of the notice: a client registered anew under the id of a removed one
        is not notified of what concerned the old one. Raises Unavailable.
        """
        former = self._all().former.get(client_id)
        client = self.find(client_id)
        if former is None or (client is not None and (number is None or 0 < former.until < number)):
            return client
        return former.client

    def list(self) -> list[Client]:
        """Return every client as it is stored now, by id. Raises Unavailable."""
        self.reload()
        return [client for client, _ in self._all().clients.values()]

    def clients_with_audience(self, client_id: str) -> tuple[str, ...]:
        """Return the other clients whose access tokens have this one as audience."""
        return self._all().holders.get(client_id, ())

    def apis_of(self, client_ids: Iterable[str]) -> tuple[str, ...]:
        """Return the other audiences of these clients' access tokens, including clients removed recently."""
        loaded, joined = self._all(), set(client_ids)
        known = [loaded.clients[name][0] for name in joined if name in loaded.clients]
        former = [loaded.former[name].client for name in joined if name in loaded.former]
        return tuple(sorted({api for client in known + former for api in client.audiences} - joined))

    def catch_up(self, version: int) -> None:
        """Reload all clients if they are of an older configuration version. Raises Unavailable."""
        if self._all().version < version:
            self.reload()

    def authenticate(self, client_id: str, secret: str) -> Client | None:
        """Return the client with this id and secret, or None; a public client has no secret to prove."""
        client, stored = self._entry(client_id) or (None, None)
        # Ours are ASCII; a lone surrogate could not even be hashed.
        presented = hashed(secret if secret.isascii() else "")
        is_right = same(presented, stored or _NO_HASH)
        if client is not None and not is_right and not client.is_public and self._is_outdated():
            # The secret may be a new one that this process does not know yet.
            client, stored = self._all().clients.get(client_id, (None, None))
            is_right = same(presented, stored or _NO_HASH)
        return client if is_right and stored is not None else None

    def reload(self) -> int:
        """Reload all clients, and return their configuration version. Raises Unavailable."""
        with self._loading, self._database.read() as connection:
            # The version first: what is read after it is at least as new.
            version = read_configuration_version(connection)
            clients, former = read_all(connection, self._find_reader), read_former(connection)
            book = address_book(client for client, _ in clients.values())
            self._loaded = _LoadedClients(version, MappingProxyType(clients), _holders(clients), former, book)
        return version

    def _all(self) -> _LoadedClients:
        if self._loaded is None:
            self.reload()
        assert self._loaded is not None
        return self._loaded

    def _entry(self, client_id: str) -> tuple[Client, str | None] | None:
        if time.monotonic() > self._look_again_at:
            # The known clients still count while Redis is away.
            with suppress(Unavailable):
                self._is_outdated()
        found = self._all().clients.get(client_id)
        if found is None and self._is_outdated():
            found = self._all().clients.get(client_id)
        return found

    def _is_outdated(self) -> bool:
        """Run a script that only passes the guard, and say whether it was refused.

        The refusal means that this process has missed a change: it reloads clients and keys.
        """
        before = self._all().version
        # Set before asking, so that of many threads one asks, and a store that is away is not asked each
        # time.
        self._look_again_at = time.monotonic() + LOOK_AGAIN_AFTER
        self._redis.run(_LOOK, all_shards()[0])
        return self._all().version != before

    # -- changing

    def add(
        self, client_id: str, *, also: Also[Client] = nothing_else, **settings: Any
    ) -> tuple[Client, str | None]:
        """Register a client; return it and its secret (None for a public one), which is not stored.

        `settings` are the fields of Registration. Raises Conflict when the id is taken, Invalid naming the
        field.
        """
        client = self._client(Registration(client_id, **settings), version=1)
        secret, now = None if client.is_public else new_secret(), self._clock()
        with self._changing() as connection:
            self._check_addresses(connection, client)
            add_client(connection, client, hashed(secret) if secret else None, now)
            also(connection, Change(now, None, client))
        return client, secret

    def update(self, client_id: str, *, also: Also[Client] = nothing_else, **settings: Any) -> Client:
        """Change the named settings of a client. Raises NotFound, Invalid."""
        now = self._clock()
        with self._changing() as connection:
            before = self._to_change(connection, client_id)
            if settings.get("is_public", before.is_public) != before.is_public:
                raise Invalid("A client can't become public or cease to be.", field="is_public")
            if settings.get("protocol", before.protocol) != before.protocol:
                raise Invalid("A client can't come to speak another protocol.", field="protocol")
            if isinstance(before.protocol_settings, UnreadableSettings) and FIELD not in settings:
                raise Invalid("A newer center stored this client: change it there.", field=FIELD)
            client = self._client(replace(_registration(before), **settings), before.version + 1)
            if replace(client, version=before.version) == before:
                return before
            if addresses_of(client) != addresses_of(before):
                self._check_addresses(connection, client)
            write_client(connection, client, now)
            also(connection, Change(now, before, client))
        return client

    def rotate_secret(self, client_id: str, *, also: Also[Client] = nothing_else) -> str:
        """Give the client a new secret and return it; the old one is refused from now on.

        Raises NotFound, Invalid for a public client.
        """
        secret, now = new_secret(), self._clock()
        with self._changing() as connection:
            before = self._to_change(connection, client_id)
            if before.is_public:
                raise Invalid(f"{client_id} is public and has no secret.", field="client_id")
            write_secret(connection, client_id, hashed(secret), before.version + 1, now)
            also(connection, Change(now, before, before))
        return secret

    def remove(self, client_id: str, actor: str = "", *, also: Also[Client] = nothing_else) -> FormerClient:
        """Remove a client, and return what is remembered of it. Raises NotFound.

        The caller revokes its tokens, and then calls `finish_removal`.
        """
        now = self._clock()
        with self._changing() as connection:
            client = self._to_change(connection, client_id)
            remove_client(connection, client_id)
            former = FormerClient(
                uuid.uuid4().hex,
                client_id,
                client.name,
                client.backchannel_logout_uri,
                client.id_token_alg,
                actor,
                now,
                audiences=client.audiences,
                protocol=client.protocol,
            )
            write_former(connection, former)
            also(connection, Change(now, client, None))
        return former

    def unfinished_removals(self) -> Sequence[FormerClient]:
        """Return the removed clients whose tokens are not all revoked yet. Raises Unavailable."""
        with self._database.read() as connection:
            return [one for one in read_former(connection).values() if not one.until]

    def finish_removal(self, former: FormerClient, until: int) -> None:
        """Record that everything is revoked, up to entry `until` of the journal. Raises Unavailable."""
        with self._changing() as connection:
            finish_former(connection, former, until)

    def _client(self, asked: Registration, version: int) -> Client:
        checked = check_registration(asked)
        reader = self._find_reader(checked.protocol)
        if reader is None:
            raise Invalid(f"The center does not speak {checked.protocol!r} with clients.", field="protocol")
        settings = reader(checked.protocol_settings)
        return Client(**{**vars(checked), "protocol_settings": settings}, version=version)

    def _check_addresses(self, connection: Any, client: Client) -> None:
        if addresses_of(client):
            known = read_all(connection, self._find_reader)
            check_addresses(client, (other for other, _ in known.values()))

    def _to_change(self, connection: Any, client_id: str) -> Client:
        return _known(read_to_change(connection, client_id, self._find_reader), client_id)

    @contextmanager
    def _changing(self) -> Iterator[Any]:
        """One transaction that changes clients, and then the announcement to every process."""
        # Checked first: a new secret that can't be announced would be of no use to anybody.
        self._redis.check()
        with self._database.write() as connection:
            yield connection
            version = raise_configuration_version(connection)
        self.reload()
        self._redis.announce_configuration(version)


def _holders(clients: Mapping[str, tuple[Client, str | None]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for client, _ in clients.values():
        for audience in client.audiences:
            if audience != client.client_id:
                found[audience] = (*found.get(audience, ()), client.client_id)
    return MappingProxyType(found)


def _registration(client: Client) -> Registration:
    registered = {field.name: getattr(client, field.name) for field in fields(Registration)}
    return Registration(**{**registered, "protocol_settings": stored_form(client.protocol_settings) or {}})


def _known(client: Client | None, client_id: str) -> Client:
    if client is None:
        raise NotFound(f"There is no client {client_id!r}.")
    return client
