"""The master secret, the only one outside the stores, and the encryption of all keys under it."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sso_center.base.errors import SettingsError
from sso_center.base.settings import Settings

NONCE_BYTES = 12
FILE_NAME = "secret.key"


def master_secret(settings: Settings) -> str:
    """Return `SSO_SECRET_KEY`, or the content of `secret.key` in the data folder, created at the first start.

    Raises SettingsError when the file can't be read or created, is open to others, or holds no key.
    """
    if settings.secret_key:
        return settings.secret_key
    return _read_or_make(settings.data_dir / FILE_NAME)


class KeyEncryption:
    """Encrypts keys for the store: AES-256-GCM, each bound to its own name."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(derived(secret.encode(), "keys at rest"))

    def lock(self, plain: bytes, name: str) -> bytes:
        """Return `plain` encrypted; it can be unlocked only under the same name."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, name.encode())

    def unlock(self, locked: bytes, name: str) -> bytes:
        """Return what was encrypted; raises SettingsError when it was under another secret or name."""
        try:
            return self._cipher.decrypt(locked[:NONCE_BYTES], locked[NONCE_BYTES:], name.encode())
        except InvalidTag as wrong:
            raise SettingsError(
                "SSO_SECRET_KEY (or secret.key in SSO_DATA_DIR) is not the one that the stored keys "
                "were encrypted with; put the old one back"
            ) from wrong


def derived(secret: bytes, purpose: str) -> bytes:
    """Return 32 bytes derived from `secret` for one purpose only (HKDF, RFC 5869)."""
    return HKDF(SHA256(), 32, salt=None, info=f"sso-center {purpose}".encode()).derive(secret)


def _read_or_make(file: Path) -> str:
    try:
        if not file.exists():
            _make(file)
        mode, text = file.stat().st_mode, file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as failed:
        raise SettingsError(f"SSO_DATA_DIR: {file} can't be read or made: {failed}") from failed
    if stat.S_IMODE(mode) & 0o077:
        raise SettingsError(f"SSO_DATA_DIR: {file} is open to others; run: chmod 600 {file}")
    if len(text) < 32:
        raise SettingsError(f"SSO_DATA_DIR: {file} holds no key of at least 32 characters")
    return text


def _make(file: Path) -> None:
    """Create the file whole and at once: of several processes at once, one wins and all read it."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{FILE_NAME}.{secrets.token_hex(8)}")
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "w") as writing:
            writing.write(secrets.token_urlsafe(32) + "\n")
            writing.flush()
            os.fsync(writing.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
