"""The hashing of passwords: argon2id, in one place and with one set of parameters."""

import base64
import secrets

from argon2 import PasswordHasher as Argon2
from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from sso_center.base.errors import Invalid

PASSES, MEMORY_KIB, LANES = 2, 19_456, 1
"""OWASP's recommendation for argon2id; 20 ms and 19 MiB a check."""

SALT_BYTES, HASH_BYTES = 16, 32

# An imported hash is computed at every login: one that asks for gigabytes would stop the center.
MAX_PASSES, MAX_MEMORY_KIB, MAX_LANES = 16, 256 * 1024, 16


class PasswordHasher:
    """Makes and checks password hashes; says when one was made with outdated parameters."""

    def __init__(self, passes: int = PASSES, memory_kib: int = MEMORY_KIB, lanes: int = LANES) -> None:
        self._argon2 = Argon2(passes, memory_kib, lanes, HASH_BYTES, SALT_BYTES, type=Type.ID)
        self._nobody = _hash_of_nothing(passes, memory_kib, lanes)

    def hash(self, password: str) -> str:
        """Return the encoded hash of a password, with a salt of its own."""
        return self._argon2.hash(password.encode())

    def is_right(self, stored: str | None, password: str) -> bool:
        """Say whether `password` is the one that was hashed.

        Without a stored hash (an unknown user, or one without a password) the same work is done, so that the
        time of the answer reveals nobody.
        """
        try:
            return self._argon2.verify(stored or self._nobody, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        """Say whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(stored)


def check_imported_hash(stored: str) -> str:
    """Return `stored` when it is an argon2 hash that we can afford to verify; raises Invalid."""
    try:
        found = extract_parameters(stored)
    except InvalidHashError as bad:
        raise Invalid("password_hash is not an encoded argon2 hash.", field="password_hash") from bad
    asked = (
        (found.time_cost, MAX_PASSES),
        (found.memory_cost, MAX_MEMORY_KIB),
        (found.parallelism, MAX_LANES),
    )
    if any(much > most for much, most in asked):
        raise Invalid("password_hash asks for too much memory or time.", field="password_hash")
    return stored


def _hash_of_nothing(passes: int, memory_kib: int, lanes: int) -> str:
    # Random bytes in place of a result: no password hashes to it, and it costs nothing to make.
    salt, result = (_base64(secrets.token_bytes(size)) for size in (SALT_BYTES, HASH_BYTES))
    return f"$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${result}"


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).rstrip(b"=").decode()
