"""A site in several processes, each with its own line to the center, as the tests handle it."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from tests.guarantees.bound.clock import now_ns
from tests.guarantees.bound.network import Network
from tests.guarantees.bound.plan import MAX_STALENESS, PROCESSES
from tests.guarantees.bound.proxy import Link
from tests.harness.center import LIFELINE, ROOT, Center
from tests.harness.ports import free_port

SERVED, NOBODY = 200, 401

PATIENCE = 60
"""Seconds that a busy machine is given; never a claim about speed."""


class Shops:
    """The parent of all sites' processes."""

    def __init__(self, folder: Path) -> None:
        self._log_file = folder / "shops.log"
        self._turn = threading.Lock()
        with self._log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [*LIFELINE, sys.executable, "-m", "tests.guarantees.bound.shops"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    @property
    def log(self) -> str:
        """Return what all processes wrote."""
        return self._log_file.read_text(errors="replace")

    def start(self, port: int, settings: dict[str, Any], weakness: str) -> int:
        """Start a process that serves on `port` from now on; returns its number."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"port": port, "settings": settings, "weakness": weakness})
        with self._turn:
            print(line, file=self._process.stdin, flush=True)
            return int(self._process.stdout.readline() or f"{self.log}\nnothing could be started")

    def close(self) -> None:
        """End the parent, and thereby all."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@dataclass(frozen=True)
class Answer:
    """What a process said; when it was asked, when it began to decide, and when the answer was there.

    `fresh` is as of when its view was fresh as it began. All in nanoseconds of the machine's clock.
    """

    status: int
    sent: int
    began: int
    fresh: int
    ended: int
    body: bytes
    set_cookies: tuple[str, ...]


class Process:
    """One process of a site."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid, self.port = pid, port
        self._stops = 0

    @property
    def is_there(self) -> bool:
        """Whether it still runs."""
        return Path(f"/proc/{self.pid}").exists()

    async def ask(self, cookie: str, path: str = "/", *, token: str = "") -> Answer | None:
        """Ask for a page as a script does; None when the process ended meanwhile."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return None
        try:
            sent = now_ns()
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept: application/json\r\n"
                f"Cookie: {cookie}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()
            )
            return _read_answer(await reader.read(), sent)
        except OSError:
            return None
        finally:
            writer.close()

    async def says(self, status: int, cookie: str, path: str = "/") -> bool:
        """Ask for a page, and say whether that is the answer."""
        answer = await self.ask(cookie, path)
        return answer is not None and answer.status == status

    def stop(self) -> None:
        """Freeze it, until it was continued as often as it was stopped."""
        self._stops += 1
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._stops = max(0, self._stops - 1)
        if not self._stops:
            self._signal(signal.SIGCONT)

    def wake(self) -> None:
        """Let it go on, however often it was stopped."""
        self._stops = 0
        self._signal(signal.SIGCONT)

    async def end(self) -> None:
        """Kill it without a word, and see it gone."""
        self._signal(signal.SIGKILL)
        while self.is_there:
            await asyncio.sleep(0.002)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


@dataclass(frozen=True)
class Manner:
    """How a site is set up; `sessions`, `max_staleness` and `timeout` are settings of the SDK."""

    sessions: str = "cookie"
    max_staleness: float = MAX_STALENESS
    timeout: float = 2
    hears_notices: bool = False
    without_streams: tuple[int, ...] = ()
    """The processes whose lines lead by a proxy that holds back streams."""
    weakness: str = ""


class BoundSite:
    """A client of the center, and its processes; each reaches the center by a link of its own."""

    def __init__(self, center: Center, shops: Shops, manner: Manner, luck: random.Random) -> None:
        self.center, self.manner = center, manner
        self._shops = shops
        self._ports = [free_port() for _ in range(PROCESSES)]
        self._links = [
            Link(center.port, luck, keeps_streams=index in manner.without_streams)
            for index in range(PROCESSES)
        ]
        self.client_id = f"bound-{self._ports[0]}"
        self.host = f"{self.client_id}.localhost"
        self.processes: list[Process] = []
        self._restarting = asyncio.Lock()
        self._secret = ""

    async def open(self) -> "BoundSite":
        """Register it and start its processes."""
        urls = [self.url(index) for index in range(PROCESSES)]
        _, secret = await asyncio.to_thread(
            lambda: self.center.services.clients.add(
                self.client_id,
                redirect_uris=[f"{url}/sso/callback" for url in urls],
                post_logout_redirect_uris=[f"{url}/sso/signed-out" for url in urls],
                backchannel_logout_uri=self._notice_uri if self.manner.hears_notices else None,
                grant_types=("authorization_code", "refresh_token"),
                id_token_alg="ES256",
            )
        )
        self._secret = secret or ""
        for link in self._links:
            await link.open()
        self.processes = [self._start(index) for index in range(PROCESSES)]
        return self

    def url(self, index: int) -> str:
        """Return the address of a process for browsers."""
        return f"http://{self.host}:{self._ports[index]}"

    async def set_network(self, index: int, network: Network) -> None:
        """Change what the line of a process to the center does."""
        await self._links[index].become(network)

    async def set_networks(self, network: Network) -> None:
        """Change what all of its lines do."""
        for link in self._links:
            await link.become(network)

    async def restart(self, index: int) -> None:
        """Kill a process and start another at its place."""
        async with self._restarting:
            await self.processes[index].end()
            self.processes[index] = self._start(index)

    async def fork(self, index: int) -> Process | None:
        """Have a process forked, with all that it knows; None when it ended meanwhile."""
        port = free_port()
        answer = await self.processes[index].ask("", f"/fork?port={port}")
        return None if answer is None else Process(int(answer.body), port)

    async def heal(self) -> None:
        """Make every line and process whole."""
        for process in self.processes:
            process.wake()
        for link in self._links:
            await link.heal()

    def is_kept(self, sid: str) -> bool:
        """Say whether anything of a session still lies in the store, where there is one."""
        if self.manner.sessions == "cookie":
            return False
        with Redis.from_url(self.manner.sessions, decode_responses=True) as store:
            return bool(set(store.hkeys(f"sso-sdk:{{{self.client_id}}}:sid:{sid}")) - {"ended"})

    async def close(self) -> None:
        """End all of it."""
        for process in self.processes:
            process.wake()
            await process.end()
        for link in self._links:
            await link.close()

    @property
    def _notice_uri(self) -> str:
        # Of all its processes the first: the center knows one address.
        return f"http://127.0.0.1:{self._ports[0]}/sso/backchannel-logout"

    def _start(self, index: int) -> Process:
        port = self._ports[index]
        settings = {
            "issuer": self.center.issuer,
            "internal_url": f"http://127.0.0.1:{self._links[index].port}",
            "client_id": self.client_id,
            "client_secret": self._secret,
            "max_staleness": self.manner.max_staleness,
            "sessions": self.manner.sessions,
            "keep_tokens": True,
            "timeout": self.manner.timeout,
        }
        return Process(self._shops.start(port, settings, self.manner.weakness), port)


def _read_answer(raw: bytes, sent: int) -> Answer | None:
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    fields = [line.decode("latin-1").split(": ", 1) for line in lines[1:] if b": " in line]
    if not fields:
        return None
    stamps = {"Began": "0", "Fresh": "0", **dict(fields)}
    cookies = tuple(value for name, value in fields if name == "Set-Cookie")
    status, began, fresh = int(lines[0].split()[1]), int(stamps["Began"]), int(stamps["Fresh"])
    return Answer(status, sent, began, fresh, now_ns(), body, cookies)
