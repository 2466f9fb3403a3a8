"""The rows of keys in SQL, encrypted."""

from base64 import b64decode, b64encode

from sqlalchemy import Connection, delete, insert, select, update

from sso_center.core.keys.algorithms import private_key, public_jwk
from sso_center.core.keys.master import KeyEncryption
from sso_center.core.keys.ring import COOKIE, State, StoredKey
from sso_center.storage.schema import signing_keys


def read_keys(connection: Connection, encryption: KeyEncryption) -> list[StoredKey]:
    """Return all keys, decrypted, in the order in which they were made."""
    rows = connection.execute(select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.kid))
    return [
        StoredKey(
            kid=row.kid,
            purpose=row.alg or COOKIE,
            state=State(row.state),
            secret=encryption.unlock(b64decode(row.private_encrypted), _bound_to(row.kid, row.alg or COOKIE)),
            created_at=row.created_at,
            activated_at=row.activated_at,
            retired_at=row.retired_at,
        )
        for row in rows
    ]


def add_key(connection: Connection, encryption: KeyEncryption, key: StoredKey) -> None:
    """Store a new key, with its public half in clear for display."""
    locked = encryption.lock(key.secret, _bound_to(key.kid, key.purpose))
    public = None if key.purpose == COOKIE else public_jwk(key.purpose, private_key(key.secret))
    connection.execute(
        insert(signing_keys).values(
            kid=key.kid,
            purpose=COOKIE if key.purpose == COOKIE else "jwt",
            alg="" if key.purpose == COOKIE else key.purpose,
            state=key.state.value,
            public=public,
            private_encrypted=b64encode(locked).decode(),
            created_at=key.created_at,
            activated_at=key.activated_at,
            retired_at=key.retired_at,
        )
    )


def move_key(connection: Connection, key: StoredKey, state: State, at: int) -> None:
    """Move a key to its next state at that moment (ms)."""
    connection.execute(
        update(signing_keys)
        .where(signing_keys.c.kid == key.kid)
        .values(
            state=state.value,
            activated_at=at if state == State.ACTIVE else key.activated_at,
            retired_at=at if state == State.RETIRED else None,
        )
    )


def forget_keys(connection: Connection, retired_before: int) -> None:
    """Delete the keys that were retired before that moment (ms)."""
    is_retired = signing_keys.c.state == State.RETIRED.value
    connection.execute(delete(signing_keys).where(is_retired, signing_keys.c.retired_at < retired_before))


def _bound_to(kid: str, purpose: str) -> str:
    return f"{purpose}:{kid}"
