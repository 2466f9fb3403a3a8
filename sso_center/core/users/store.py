"""The rows of users in SQL."""

import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    cast,
    collate,
    delete,
    func,
    insert,
    select,
    union,
    update,
)
from sqlalchemy.exc import IntegrityError

from sso_center.base.errors import Conflict, NotFound
from sso_center.base.names import normal_name
from sso_center.base.secrets import shard_of
from sso_center.core.journal_rows import append_entry
from sso_center.core.users.stored import consents_from_document, consents_to_document
from sso_center.core.users.user import User
from sso_center.storage.schema import users


@dataclass(frozen=True)
class Account:
    """A user and the password's hash, which never leaves this package."""

    user: User
    password_hash: str | None = field(repr=False)


def read_by_sub(connection: Connection, sub: str) -> Account | None:
    """Return one account by its stable id."""
    return _one(connection, select(users).where(users.c.sub == sub))


def read_to_change(connection: Connection, sub: str) -> Account:
    """Return one account by its stable id, locked against other changes. Raises NotFound."""
    return known(_one(connection, select(users).where(users.c.sub == sub).with_for_update()))


def known(account: Account | None) -> Account:
    """Return the account; raises NotFound for None."""
    if account is None:
        raise NotFound("There is no such user.")
    return account


def read_by_username(connection: Connection, username: str) -> Account | None:
    """Return one account by its login name in normal form."""
    return _one(connection, select(users).where(users.c.username == username))


def read_page(connection: Connection, after: str, count: int) -> list[User]:
    """Return the `count` users whose login names follow `after`."""
    page = select(users).where(users.c.username > after).order_by(users.c.username).limit(count)
    return [_account(row).user for row in connection.execute(page)]


def read_consenting(connection: Connection, client_id: str) -> list[User]:
    """Return the users whose consents name a client, and perhaps a few where a longer name contains it."""
    named = cast(users.c.consents, Text).contains(f'"{client_id}"', autoescape=True)
    return [_account(row).user for row in connection.execute(select(users).where(named))]


def read_beginning(connection: Connection, beginning: str, after: str, count: int) -> list[User]:
    """Return the `count` users after `after` whose login name, name or e-mail address begins so."""
    places = (
        (users.c.username, normal_name(beginning)),
        (users.c.name, beginning),
        (users.c.email, beginning),
    )
    # A union of ranges of the indexes: with "or" between them a store would read everyone.
    found = union(*(_range(connection, place, sought) for place, sought in places)).subquery()
    begins = users.c.sub.in_(select(found.c.sub))
    page = select(users).where(users.c.username > after, begins).order_by(users.c.username).limit(count)
    return [_account(row).user for row in connection.execute(page)]


def _range(connection: Connection, place: Column[str], beginning: str) -> Select[tuple[str]]:
    """Return the ids of those of whom a column begins so, as one range of its index."""
    # Lowered by the database on both sides: SQLite knows the case of ASCII only.
    text: ColumnElement[str] = func.lower(place)
    low: ColumnElement[str] = func.lower(beginning)
    high = low.concat(_LAST)
    if connection.dialect.name == "postgresql":
        # In the order of code points, as the index has it: in others a beginning is no range.
        text, low, high = (collate(one, "C") for one in (text, low, high))
    return select(users.c.sub).where(text >= low, text < high)


_LAST = "\U0010ffff"
"""Sorts behind whatever else may follow a beginning."""


def read_names(connection: Connection, subs: Collection[str]) -> dict[str, str]:
    """Return the login names of those of these users that exist."""
    wanted = select(users.c.sub, users.c.username).where(users.c.sub.in_(list(subs)))
    return {row.sub: row.username for row in connection.execute(wanted)}


def add_account(connection: Connection, account: Account, at: int) -> None:
    """Store a new account, created at that moment (ms). Raises Conflict when the login name is taken."""
    with _taken_name(account):
        connection.execute(
            insert(users).values(
                sub=account.user.sub,
                created_at=at,
                password_changed_at=at if account.password_hash else None,
                **_columns(account, at),
            )
        )


def write_account(connection: Connection, account: Account, at: int) -> None:
    """Store an account as of that moment (ms). Raises Conflict when the login name is taken."""
    with _taken_name(account):
        connection.execute(
            update(users).where(users.c.sub == account.user.sub).values(**_columns(account, at))
        )


def remove_account(connection: Connection, sub: str) -> None:
    """Delete an account and its credentials."""
    connection.execute(delete(users).where(users.c.sub == sub))


def append_change(
    connection: Connection, sub: str, at: int, reason: str, actor: str, detail: dict[str, Any] | None
) -> int:
    """Append a change or removal of an account to the journal, and return the entry's number."""
    return append_entry(
        connection,
        id=uuid.uuid4().hex,
        kind="user",
        at=at,
        shard=shard_of(sub),
        sub=sub,
        reason=reason,
        actor=actor,
        detail=detail,
    )


def note_password_change(connection: Connection, sub: str, at: int) -> None:
    """Store when (ms) the password was last chosen."""
    connection.execute(update(users).where(users.c.sub == sub).values(password_changed_at=at))


def replace_hash(connection: Connection, sub: str, old: str, new: str) -> None:
    """Store another hash of the same password, unless the password was changed meanwhile."""
    connection.execute(
        update(users).where(users.c.sub == sub, users.c.password_hash == old).values(password_hash=new)
    )


@contextmanager
def _taken_name(account: Account) -> Iterator[None]:
    try:
        yield
    except IntegrityError as clash:
        raise Conflict(f"The user name {account.user.username!r} is taken.") from clash


def _columns(account: Account, at: int) -> dict[str, Any]:
    user = account.user
    return {
        "username": user.username,
        "name": user.name,
        "email": user.email,
        "profile": dict(user.profile),
        "roles": list(user.roles),
        "password_hash": account.password_hash,
        "is_disabled": user.is_disabled,
        "must_change_password": user.must_change_password,
        "version": user.version,
        "epoch": user.epoch,
        "refresh_epoch": user.refresh_epoch,
        "access_epoch": user.access_epoch,
        "consents": consents_to_document(user),
        "updated_at": at,
    }


def _one(connection: Connection, query: Select[Any]) -> Account | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else _account(row)


def _account(row: Row[Any]) -> Account:
    roles: Sequence[str] = row.roles
    user = User(
        sub=row.sub,
        username=row.username,
        roles=tuple(roles),
        is_disabled=row.is_disabled,
        must_change_password=row.must_change_password,
        version=row.version,
        epoch=row.epoch,
        refresh_epoch=row.refresh_epoch,
        access_epoch=row.access_epoch,
        consents=consents_from_document(row.consents),
        profile=_profile(row),
        changed_at=row.updated_at,
    )
    return Account(user, row.password_hash)


def _profile(row: Row[Any]) -> dict[str, Any]:
    """Return the document, unless a column says otherwise. An older center wrote that, which knows of no
    document, and of no address that was verified; what it wrote goes into the document at the next change."""
    profile: dict[str, Any] = row.profile
    columns = {"name": row.name, "email": row.email or ""}
    if all(value == profile.get(name, "") for name, value in columns.items()):
        return profile
    found = {**profile, **columns}
    if columns["email"] != profile.get("email", ""):
        found["email_verified"] = False
    return {name: value for name, value in found.items() if value}
