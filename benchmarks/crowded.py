"""Whether a store full of sessions costs more than a nearly empty one: memory, /authorize, a cut-off."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.browser import Browser
from benchmarks.center import running_center
from benchmarks.cutting_off import CutOff, measure_cut_off
from benchmarks.filling import Filled, fill
from benchmarks.hot_store import HotStore
from benchmarks.processes import others_share
from benchmarks.rounds import Results, measure
from benchmarks.side import CannotStartError, Side
from benchmarks.work import AUTHORIZE, Crowd
from sso_center.base.clock import system_clock
from sso_center.base.settings import load_settings
from sso_center.web.session_cookie import SessionCookie

FEW = 1000
VISITORS = 1000
"""Browsers that come to either store, however many sessions it holds, so that each comes as often."""

IDLE_SECONDS = 15.0
"""Long enough for three rounds of the courier's sweep."""

ROOM_A_SESSION = 8000
"""Bytes of memory and of disk that must be free: to rewrite its file a store may take its own twice."""


class NoRoomError(Exception):
    """The machine has too little memory or disk for so many sessions; the message says how much is wanted."""


@dataclass(frozen=True)
class Store:
    """A running center whose store was filled."""

    environ: dict[str, str]
    filled: Filled
    crowd: Crowd
    hot: HotStore
    resident_bytes: int

    @property
    def bytes_a_session(self) -> float:
        """What a session takes in Redis, with its person, chain and places in the indexes."""
        return self.filled.used_bytes / self.filled.sessions

    @property
    def name(self) -> str:
        """How many sessions it holds, as it is called in the table."""
        return self.crowd.side.name


@dataclass(frozen=True)
class Crowded:
    """What was found: `stores` are the full one and the nearly empty one.

    `idle` is what each center used while nobody came, in CPU milliseconds a second; `others` the share of the
    machine that others used while /authorize was measured.
    """

    stores: tuple[Store, Store]
    idle: tuple[float, float]
    authorize: Results
    others: float
    cut_off: CutOff


def measure_crowded(*, sessions: int, rounds: int, seconds: float, workers: int, alg: str) -> Crowded:
    """Fill two stores, measure /authorize on both in turn, then cut off a tenth of the full one.

    Raises NoRoomError, CannotStartError, RefusedError.
    """
    with ExitStack() as stack:
        # The small one first: its sessions are then old enough to be touched again, as the others are.
        few, many = (
            stack.enter_context(_filled_center(count, workers=workers, alg=alg)) for count in (FEW, sessions)
        )
        idle = _idle((many, few))
        crowds = [store.crowd for store in (many, few)]
        with others_share([crowd.side.service for crowd in crowds]) as others:
            (results,) = measure([AUTHORIZE], crowds, rounds=rounds, seconds=seconds)
        cut_off = measure_cut_off(many.environ, many.crowd, many.filled, many.hot)
        return Crowded((many, few), idle, results, others(), cut_off)


def _idle(stores: tuple[Store, Store]) -> tuple[float, float]:
    services = [store.crowd.side.service for store in stores]
    before = [service.cpu() for service in services]
    time.sleep(IDLE_SECONDS)
    ours, theirs = (
        (service.cpu() - used) / IDLE_SECONDS * 1e3 for service, used in zip(services, before, strict=True)
    )
    return ours, theirs


def check_room(sessions: int) -> None:
    """Raise NoRoomError when the machine can't hold so many sessions."""
    wanted = sessions * ROOM_A_SESSION
    for what, free in (("memory", _free_memory()), ("disk", shutil.disk_usage(tempfile.gettempdir()).free)):
        if free < wanted:
            raise NoRoomError(
                f"{sessions:,} sessions want {wanted / 1e9:.1f} GB of free {what}, and there are "
                f"{free / 1e9:.1f}; --sessions takes fewer"
            )


def _free_memory() -> int:
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return next(int(words[1]) * 1024 for words in lines if words[0] == "MemAvailable:")


@contextmanager
def _filled_center(sessions: int, *, workers: int, alg: str) -> Iterator[Store]:
    environs: list[dict[str, str]] = []
    filled: list[Filled] = []

    def fill_it(environ: dict[str, str]) -> None:
        environs.append(environ)
        filled.append(fill(environ, sessions=sessions, client_id="shop", keep=VISITORS))

    name = f"{sessions:,}"
    print(f"starting a center with {name} sessions ...", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="sso-bench-") as folder,
        running_center(Path(folder), workers=workers, alg=alg, name=name, fill=fill_it) as side,
    ):
        side.service.settled_cpu(at_most=20.0)
        hot = HotStore(Path(environs[0]["SSO_DATA_DIR"]))
        yield Store(
            environs[0], filled[0], _crowd(side, alg, environs[0], filled[0]), hot, hot.resident_bytes()
        )


def _crowd(side: Side, alg: str, environ: dict[str, str], filled: Filled) -> Crowd:
    name = SessionCookie(load_settings(environ), system_clock).name
    if not filled.cookies:
        raise CannotStartError("the store was filled with nothing")
    return Crowd(side, alg, [Browser(side.origin, {name: cookie}) for cookie in filled.cookies])
