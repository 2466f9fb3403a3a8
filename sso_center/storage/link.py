"""One open connection to a Redis server: redis-py's connections without its command layers.

Those layers cost three times the call itself, and they send again what may have run already.
"""

from typing import Any

import hiredis
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

Word = str | int | bytes
Address = tuple[str, int]
Options = dict[str, Any]
"""redis-py's arguments for a connection."""


def packed(*words: Word) -> bytes:
    """Return a command as bytes to send. Raises UnicodeEncodeError for invalid text."""
    sendable: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]
    return sendable


class Link:
    """An open connection. It knows the run id of its server, and is dropped after any failure."""

    __slots__ = ("_raw", "receive", "run_id", "send")

    def __init__(self, raw: Any) -> None:
        """Connect. Raises what redis-py raises."""
        self._raw = raw
        self.run_id = ""
        raw.connect()
        self.send = raw.send_packed_command
        """Send a sequence of packed commands."""
        self.receive = raw.read_response
        """Return the next reply, or raise redis-py's ResponseError for a refusal."""

    def learn_run_id(self) -> None:
        """Ask the server for its run id: one more round trip, once for each connection."""
        answer: str = self.ask("INFO", "server")
        self.run_id = answer.partition("run_id:")[2].partition("\r\n")[0]
        if not self.run_id:
            # An empty one would look like the same server for ever.
            raise RedisConnectionError("the server does not say which run it is (INFO server, run_id)")

    def ask(self, *command: Word) -> Any:
        """Send one command and return its reply."""
        self.send((packed(*command),), check_health=False)
        return self.receive()

    def is_fresh(self) -> bool:
        """Say whether an idle connection may be used: open, and with nothing unread on it."""
        try:
            return not self._raw.can_read(0)
        except (RedisError, OSError):
            return False

    def has_message(self, seconds: float) -> bool:
        """Wait at most `seconds` for something to read.

        Raises what redis-py raises for a closed connection.
        """
        return bool(self._raw.can_read(seconds))

    def close(self) -> None:
        """Close it."""
        self._raw.disconnect()


def open_unix(options: Options) -> Link:
    """Open a connection over a Unix socket."""
    return Link(UnixDomainSocketConnection(**options))  # type: ignore[abstract, no-untyped-call]


def open_tcp(address: Address, options: Options, *, tls: bool) -> Link:
    """Open a connection over TCP."""
    kind: Any = SSLConnection if tls else Connection
    return Link(kind(host=address[0], port=address[1], **options))


def check_options(options: Options, *, tls: bool, unix: bool) -> None:
    """Raise TypeError or ValueError for arguments that redis-py would not accept, without connecting."""
    kind: Any = UnixDomainSocketConnection if unix else SSLConnection if tls else Connection
    kind(**{name: value for name, value in options.items() if not name.startswith("sentinel_")})
