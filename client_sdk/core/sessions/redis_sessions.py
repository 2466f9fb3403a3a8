"""Local sessions in Redis: the cookie is a random token, of which only the hash is stored.

One hash a global session, `sso-sdk:{<client_id>}:sid:<sid>`, holds a field for each local session, one
for its sealed tokens and, once the center has ended it, the field `ended`; so one command finds a session and
one ends all of it. The client's id in braces keeps a site in one slot of a Redis Cluster.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import quote, unquote

from redis import Redis
from redis.exceptions import RedisError

from client_sdk.core.clock import Clock
from client_sdk.core.errors import Unavailable
from client_sdk.core.sessions.local_session import LocalSession
from client_sdk.core.settings import Settings
from client_sdk.core.threads.fork import renew_after_fork

MAX_VALUE = 2048
_TOKENS = ":tokens"

# KEYS: the global session's hash, the user's set. ARGV: field, session, lifetime (ms), proved at (ms), sid.
# Returns 1, or 0 when the session ended after it was proved alive: a logout that overtook the login.
_OPEN = """
local ended = redis.call('HGET', KEYS[1], 'ended')
if ended and tonumber(ended) >= tonumber(ARGV[4]) then return 0 end
redis.call('HDEL', KEYS[1], 'ended')
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SADD', KEYS[2], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
"""


def connect(url: str) -> "Redis":
    """Return a Redis client with short timeouts: every request of the site waits for it."""
    return Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)


# KEYS: the global session's hash. ARGV: field, field of its tokens, sealed tokens, those they are to replace.
# A late answer must not bring back the tokens of an ended session, nor tokens that were replaced since.
_WRITE_TOKENS = """
local found = redis.call('HMGET', KEYS[1], ARGV[1], ARGV[2], 'ended')
if not found[1] or found[3] then return 0 end
if (found[2] or '') ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
return 1
"""


class RedisSessions:
    """Keeps sessions in Redis, so that an ending takes effect in every process of the site at once.

    `connected` returns a Redis client; a forked child calls it again.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        connected: Callable[[], Any],
        random: Callable[[int], str] = token_urlsafe,
    ) -> None:
        self._prefix = f"sso-sdk:{{{settings.client_id}}}"
        self._lifetime = int(settings.session_lifetime * 1000)
        self._clock = clock
        self._connected = connected
        self._random = random
        self._clients: list[Any] = []
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Leave the parent's client to the parent: a thread there may hold its locks.

        The client is kept referenced, since redis-py takes those locks to dispose of it.
        """
        self._redis = redis = self._connected()
        self._clients.append(redis)
        self._open = redis.register_script(_OPEN)
        self._write_tokens = redis.register_script(_WRITE_TOKENS)

    def open(self, session: LocalSession, proved_at: int) -> str:
        """Store a session and return the token that finds it."""
        token, user = self._random(32), session.user
        with _store():
            self._open(
                keys=[self._of_session(user.sid), self._of_user(user.sub)],
                args=[_hashed(token), session.dumped(), self._lifetime, proved_at, user.sid],
            )
        return f"{quote(user.sid, safe='')}.{token}"

    def find(self, value: str) -> LocalSession | None:
        """Return the session of a token."""
        sid, token = _parts(value)
        if not token:
            return None
        with _store():
            stored, ended = self._redis.hmget(self._of_session(sid), _hashed(token), "ended")
        return None if stored is None or ended is not None else LocalSession.from_json(json.loads(stored))

    def drop(self, value: str) -> None:
        """Forget one session."""
        sid, token = _parts(value)
        with _store():
            self._redis.hdel(self._of_session(sid), _hashed(token), _hashed(token) + _TOKENS)

    def binding(self, session: LocalSession, value: str) -> str:
        """Return the cookie's value: without it, Redis and the site's secret together yield no token."""
        return value

    def read_tokens(self, value: str, cookie: str) -> str:
        """Return the tokens stored beside the session."""
        sid, token = _parts(value)
        if not token:
            return ""
        with _store():
            found = self._redis.hget(self._of_session(sid), _hashed(token) + _TOKENS)
        return "" if found is None else _text(found)

    def write_tokens(self, value: str, sealed: str, former: str) -> str | None:
        """Store them beside the session, if it is still there and its tokens are `former`."""
        sid, token = _parts(value)
        field = _hashed(token)
        with _store():
            self._write_tokens(keys=[self._of_session(sid)], args=[field, field + _TOKENS, sealed, former])
        return None

    def end(self, sid: str, at: int) -> None:
        """Forget all of a global session, and refuse what a login under way is about to store of it."""
        key = self._of_session(sid)
        with _store(), self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(key)
            pipeline.hset(key, "ended", at)
            pipeline.pexpire(key, self._lifetime)
            pipeline.execute()

    def end_user(self, sub: str, cut_off: int) -> None:
        """Forget all sessions of a user stamped up to `cut_off`."""
        with _store():
            for member in self._redis.smembers(self._of_user(sub)):
                key = self._of_session(_text(member))
                stored = self._redis.hgetall(key)
                dead = [name for name, data in stored.items() if _is_stamped_by(name, data, cut_off)]
                if dead:
                    self._redis.hdel(key, *dead, *(_text(name) + _TOKENS for name in dead))

    def is_first(self, jti: str, lifetime: int) -> bool:
        """Say, once among all processes, that a logout token's id is new."""
        with _store():
            return bool(
                self._redis.set(f"{self._prefix}:jti:{_hashed(jti)}", 1, nx=True, px=max(lifetime, 1))
            )

    def _of_session(self, sid: str) -> str:
        return f"{self._prefix}:sid:{sid}"

    def _of_user(self, sub: str) -> str:
        return f"{self._prefix}:sub:{sub}"


def _parts(value: str) -> tuple[str, str]:
    if len(value) > MAX_VALUE:
        return "", ""
    sid, _, token = value.rpartition(".")
    return unquote(sid), token


def _is_stamped_by(name: Any, data: Any, moment: int) -> bool:
    if _text(name) == "ended" or _text(name).endswith(_TOKENS):
        return False
    session = LocalSession.from_json(json.loads(data))
    return session is None or session.stamped_at_latest <= moment


def _hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _text(raw: Any) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw)


@contextmanager
def _store() -> Iterator[None]:
    try:
        yield
    except RedisError as failed:
        raise Unavailable(
            "sessions_unreachable", f"The store of sessions: {type(failed).__name__}."
        ) from failed
