"""Random secrets, their hashes, and the shard that every public or secret id carries in clear."""

import hashlib
import hmac
import secrets

SHARDS = 64
"""How many shards there are; fixed for the life of an installation."""

SECRET_BYTES = 32


def shard_of(owner: str) -> str:
    """Return the shard, two hex digits, that all of `owner` (a `sub`, or a `client_id`) lives in."""
    return f"{hashlib.sha256(owner.encode()).digest()[0] % SHARDS:02x}"


_NAMES = frozenset(f"{number:02x}" for number in range(SHARDS))


def all_shards() -> list[str]:
    """Return the names of all shards, in order."""
    return [f"{number:02x}" for number in range(SHARDS)]


def new_id(shard: str) -> str:
    """Return a fresh random id (128 bits) that carries its shard in the first two characters."""
    return shard + secrets.token_urlsafe(16)


def new_secret(shard: str = "") -> str:
    """Return a fresh random secret (256 bits), with its shard in front when it has one."""
    return shard + secrets.token_urlsafe(SECRET_BYTES)


def shard_in(value: str) -> str | None:
    """Return the shard that an id or secret claims to belong to, or None when it names none."""
    shard = value[:2]
    return shard if shard in _NAMES else None


def hashed(secret: str) -> str:
    """Return the SHA-256 of a high-entropy secret, in hex: the only form in which one is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two strings in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
