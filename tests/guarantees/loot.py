"""What somebody finds who carries off everything: both stores, what was sent to them, keys and logs."""

import base64
import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import select

from sso_center.core.keys.ring import PURPOSES
from sso_center.services import Services
from sso_center.storage.embedded import EmbeddedServer
from sso_center.storage.schema import metadata

SHORTEST = 12
"""Characters below which nothing is a secret."""

NAMES = ("session", "refresh", "app", "device", "csrf", "forms", "access token")

READERS = {
    "string": ("GET",),
    "hash": ("HGETALL",),
    "list": ("LRANGE", 0, -1),
    "set": ("SMEMBERS",),
    "zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    "stream": ("XRANGE", "-", "+"),
}

_WIDE = re.compile(r"""[\s"'\\(){}\[\],;<>]+""")
_NARROW = re.compile(r"""[\s"'\\(){}\[\],;<>:=&?/|%]+""")


class Listening:
    """Writes down every command that the embedded server is sent, with all of its arguments."""

    def __init__(self, data_dir: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(str(EmbeddedServer(data_dir).socket_path))
        self._socket.sendall(b"MONITOR\r\n")
        self._heard: list[bytes] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @property
    def heard(self) -> str:
        """All that was heard so far."""
        return b"".join(self._heard).decode("utf-8", "replace")

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._socket.recv(65536):
                self._heard.append(data)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()


def in_redis(services: Services) -> Iterator[str]:
    """Yield every key, field, member, score and value, whatever the type."""
    for key in services.redis.scan("*"):
        shard = key[5:7]
        kind = services.redis.command(shard, "TYPE", key)
        yield key
        command, *more = READERS[kind]
        yield from _leaves(services.redis.command(shard, command, key, *more))


def in_sql(services: Services) -> Iterator[str]:
    """Yield every value of every row of every table."""
    with services.database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                yield from _leaves(list(row))


def in_keys(services: Services) -> Iterator[str]:
    """Yield every key, decrypted, in the forms in which it might be taken for something else."""
    for key in services.keys.stored():
        for text in (base64.b64encode(key.secret), base64.urlsafe_b64encode(key.secret)):
            yield text.decode()
            yield text.decode().rstrip("=")
        yield key.secret.hex()
    for name in (*NAMES, *PURPOSES):
        yield from services.keys.cookie_secrets(name)


def in_files(folder: Path) -> Iterator[str]:
    """Yield what the files of a folder hold, but for the database, which was read, and the one secret."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "sqlite" not in file.name and file.suffix not in (".key", ".db"):
            yield file.read_bytes().decode("utf-8", "replace")


def words_of(texts: Iterable[str]) -> set[str]:
    """Return every text, whole and in pieces, and what its JSON holds."""
    found: set[str] = set()
    for text in texts:
        pieces = {text, *_WIDE.split(text), *_NARROW.split(text)}
        for line in text.splitlines():
            with contextlib.suppress(ValueError):
                pieces |= set(_leaves(json.loads(line)))
        found |= {piece for piece in pieces if SHORTEST <= len(piece) <= 8192}
    return found


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)
