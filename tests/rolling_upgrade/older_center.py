"""What a worker of the center before profiles reads and writes, in its own words.

It runs beside new workers during a rolling upgrade. Can go with what the product keeps for it.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from tests.harness.core import Core


@dataclass(frozen=True)
class OlderUser:
    """A user as that center knew them."""

    sub: str
    username: str
    name: str
    email: str
    roles: tuple[str, ...]
    is_disabled: bool
    must_change_password: bool
    version: int
    epoch: int
    refresh_epoch: int
    access_epoch: int
    consents: tuple[tuple[str, tuple[str, ...], int], ...]


def user_from_json(written: str) -> OlderUser:
    """Read a copy as it did."""
    stored: list[Any] = json.loads(written)
    later = stored[9:] or [0, 0, ()]
    return OlderUser(
        sub=stored[0],
        username=stored[1],
        name=stored[2],
        email=stored[3],
        roles=tuple(stored[4]),
        is_disabled=bool(stored[5]),
        must_change_password=bool(stored[6]),
        version=stored[7],
        epoch=stored[8],
        refresh_epoch=later[0],
        access_epoch=later[1],
        consents=tuple((client_id, tuple(scope), at) for client_id, scope, at in later[2]),
    )


def user_to_json(user: OlderUser) -> str:
    """Write a copy as it did."""
    fields = [
        user.sub,
        user.username,
        user.name,
        user.email,
        user.roles,
        int(user.is_disabled),
        int(user.must_change_password),
        user.version,
        user.epoch,
        user.refresh_epoch,
        user.access_epoch,
        [list(one) for one in user.consents],
    ]
    return json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode(fields)


def read_about(written: str) -> tuple[tuple[str, ...], str, int, str, str, bool]:
    """Read what a session keeps of its login as it did: six values, no more and no fewer."""
    amr, acr, opened_at, user_agent, address, is_remembered = json.loads(written)
    return tuple(amr), acr, opened_at, user_agent, address, is_remembered


def about_to_json(amr: tuple[str, ...], opened_at: int, user_agent: str, address: str) -> str:
    """Write what a session keeps of its login as it did."""
    return json.dumps((amr, "urn:sso:password", opened_at, user_agent, address, False), separators=(",", ":"))


def read_grant(written: str) -> tuple[tuple[str, ...], str | None]:
    """Read scope and nonce of a grant as it did."""
    scope, nonce = json.loads(written)
    return tuple(scope), nonce


@dataclass(frozen=True)
class OlderWorker:
    """That center's worker, on the stores of a new one."""

    core: Core

    def copy(self, sub: str, shard: str) -> OlderUser:
        """Return a user as it reads the copy."""
        return user_from_json(self.core.record(shard, "user", sub)["claims"])

    def write_copy(self, user: OlderUser, shard: str) -> None:
        """Write a copy as its put_user.lua does."""
        marks = "".join(f"|{role}" for role in user.roles) + ("|" if user.roles else "")
        fields = {
            "version": user.version,
            "epoch": user.epoch,
            "disabled": int(user.is_disabled),
            "roles": marks,
            "claims": user_to_json(user),
            "refresh_epoch": user.refresh_epoch,
            "access_epoch": user.access_epoch,
            "consents": "",
        }
        self.set(shard, "user", user.sub, **fields)

    def change_user(self, user: OlderUser, shard: str) -> None:
        """Change an account as it does: its columns in SQL, then the copy."""
        statement = (
            "UPDATE users SET name = :name, email = :email, roles = :roles, version = :version"
            " WHERE sub = :sub"
        )
        values = {
            "name": user.name,
            "email": user.email,
            "roles": json.dumps(user.roles),
            "version": user.version,
            "sub": user.sub,
        }
        with self.core.services.database.write() as connection:
            connection.execute(text(statement), values)
        self.write_copy(user, shard)

    def set(self, shard: str, kind: str, name: str, **fields: Any) -> None:
        """Set fields of a hash of a shard, and leave the others as they are."""
        redis = self.core.services.redis
        flat = [str(part) for pair in fields.items() for part in pair]
        redis.command(shard, "HSET", redis.key(shard, kind, name), *flat)

    def forget(self, shard: str, kind: str, name: str, *fields: str) -> None:
        """Take away fields that it knows nothing of, as where it alone wrote the hash."""
        redis = self.core.services.redis
        redis.command(shard, "HDEL", redis.key(shard, kind, name), *fields)
