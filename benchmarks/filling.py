"""Fills a store with the sessions of many people, by the center's own code, before anybody is measured.

Every session is opened and then joined by a site through the same calls, and so the same scripts, that a
login and a handoff make. People are written as Redis knows them; nothing here asks SQL for one.
"""

import multiprocessing
import os
import random
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from pathlib import Path

from benchmarks.hot_store import HotStore
from benchmarks.side import REDIRECT_URI, CannotStartError
from sso_center.base.secrets import all_shards, hashed
from sso_center.base.settings import load_settings
from sso_center.core.grants import GrantRequest
from sso_center.core.users import User
from sso_center.protocols.table import FACADES
from sso_center.services import Services, build_services

GROUP = 10
"""Sessions of eight people: the first has three, on three devices, the others have one."""

DEVICES_OF_THE_FIRST = 3
PEOPLE = GROUP - DEVICES_OF_THE_FIRST + 1
READER = 1
"""Which of the eight, and so one session in ten, has the role `ROLE`."""

ROLE = "reader"
SCOPE = ("openid", "profile", "email")
TOLD_EVERY = 1000
FORGOTTEN_TOGETHER = 500
PATIENCE = 60.0
"""Seconds without any progress after which filling is given up."""

_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0"
USER_AGENTS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Safari/605.1.15",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 10; K) {_CHROME} Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)


@dataclass(frozen=True)
class Filled:
    """What came of it: so many sessions of so many people, and the cookies of a few from all over the store.

    A cookie is only its value.

    `of_readers` are cookies of people with the role `ROLE`, `cookies` of others. `used_bytes` is what the
    sessions take in Redis, people, chains and indexes included.
    """

    sessions: int
    people: int
    readers: int
    cookies: tuple[str, ...]
    of_readers: tuple[str, ...]
    used_bytes: int


@dataclass
class _Part:
    """What one process did."""

    people: int = 0
    cookies: list[str] = field(default_factory=list)
    of_readers: list[str] = field(default_factory=list)


def fill(environ: Mapping[str, str], *, sessions: int, client_id: str, keep: int) -> Filled:
    """Open `sessions` sessions joined by a registered client; `keep` is how many cookies of either kind stay.

    `environ` are the center's settings; its embedded server runs already. Raises CannotStartError.
    """
    store = HotStore(Path(environ["SSO_DATA_DIR"]))
    before = store.used_bytes()
    groups = sessions // GROUP
    parts = list(_in_parallel(environ, groups, client_id, max(groups // keep, 1)))
    store.settle()
    used = store.used_bytes() - before
    cookies = [cookie for part in parts for cookie in part.cookies]
    of_readers = [cookie for part in parts for cookie in part.of_readers]
    people = sum(part.people for part in parts)
    return Filled(groups * GROUP, people, groups, tuple(cookies[:keep]), tuple(of_readers[:keep]), used)


def _in_parallel(environ: Mapping[str, str], groups: int, client_id: str, kept_every: int) -> Iterator[_Part]:
    fork = multiprocessing.get_context("fork")
    workers, pipes = [], []
    count = os.cpu_count() or 1
    for number in range(count):
        ours, theirs = fork.Pipe(duplex=False)
        mine = range(number, groups, count)
        process = fork.Process(
            target=_work, args=(dict(environ), mine, client_id, kept_every, theirs), daemon=True
        )
        process.start()
        theirs.close()
        workers.append(process)
        pipes.append(ours)
    try:
        yield from _hear(pipes, groups * GROUP)
    finally:
        for process in workers:
            process.terminate()
            process.join()


def _hear(pipes: list[Pipe], sessions: int) -> Iterator[_Part]:
    """Print how far they are, and yield what each one did."""
    began, so_far, shown = time.monotonic(), 0, 0
    while pipes:
        ready = wait(pipes, PATIENCE)
        if not ready:
            raise CannotStartError("filling the store stands still")
        for pipe in ready:
            assert isinstance(pipe, Pipe)
            try:
                said = pipe.recv()
            except EOFError:
                raise CannotStartError("filling the store failed; what it says is above") from None
            if isinstance(said, _Part):
                pipes.remove(pipe)
                yield said
                continue
            so_far += said
            if so_far * 10 // sessions > shown:
                shown = so_far * 10 // sessions
                rate = so_far / (time.monotonic() - began)
                print(f"  {so_far:,} of {sessions:,} sessions, {rate:,.0f} a second", flush=True)


def _work(environ: dict[str, str], groups: range, client_id: str, kept_every: int, pipe: Pipe) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    # A server that forks to rewrite a large file answers late, but it answers.
    services = build_services(load_settings({**environ, "SSO_REDIS_TIMEOUT_MS": "10000"}), FACADES)
    filler, done, told = _Filler(services, client_id), _Part(), 0
    for count, group in enumerate(groups):
        cookies = filler.add_group(group)
        done.people += PEOPLE
        if count % kept_every == 0:
            done.cookies.append(cookies[-1])
            done.of_readers.append(cookies[DEVICES_OF_THE_FIRST])
        told += GROUP
        if told >= TOLD_EVERY:
            pipe.send(told)
            told = 0
    filler.forget()
    pipe.send(told)
    pipe.send(done)
    # Not closed: the server goes on, and this process just ends.


class _Filler:
    """One process's share of the people."""

    def __init__(self, services: Services, client_id: str) -> None:
        self._services = services
        self._client_id = client_id
        self._grants: dict[str, list[str]] = {shard: [] for shard in all_shards()}

    def add_group(self, number: int) -> list[str]:
        """Add eight people with ten sessions, and return the cookies in their order."""
        cookies = []
        for place in range(PEOPLE):
            user = self._person(number * PEOPLE + place, (ROLE,) if place == READER else ())
            for _ in range(1 if place else DEVICES_OF_THE_FIRST):
                cookies.append(self._open(user))
        return cookies

    def forget(self) -> None:
        """Take away what a day would: grants that were issued, and events that wait for the audit log."""
        for shard, keys in self._grants.items():
            self._unlink(shard, *keys, self._services.redis.key(shard, "audit", "").rstrip(":"))
            keys.clear()

    def _person(self, number: int, roles: tuple[str, ...]) -> User:
        name = f"person{number:07}"
        user = User(
            sub="u" + secrets.token_urlsafe(12),
            username=name,
            roles=("member", *roles),
            is_disabled=False,
            must_change_password=False,
            version=1,
            epoch=0,
            profile={"name": f"{name.title()} Surname", "email": f"{name}@example.org"},
        )
        self._services.users.write_through(user)
        return user

    def _open(self, user: User) -> str:
        agent = random.choice(USER_AGENTS)
        address = f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        cookie = self._services.sessions.open(
            user,
            remember=random.random() < 0.3,
            amr=("pwd",),
            user_agent=agent,
            address=address,
            previous=None,
            device=secrets.token_urlsafe(16),
        ).cookie
        request = GrantRequest(self._client_id, REDIRECT_URI, SCOPE)
        code = self._services.grants.issue(cookie, request).code
        assert code is not None, "a session just opened gives no grant"
        grants = self._grants[user.shard]
        grants.append(self._services.redis.key(user.shard, "grant", hashed(code)))
        if len(grants) >= FORGOTTEN_TOGETHER:
            self._unlink(user.shard, *grants)
            grants.clear()
        return cookie

    def _unlink(self, shard: str, *keys: str) -> None:
        self._services.redis.command(shard, "UNLINK", *keys)
