"""What processes have used, by their own accounts in /proc: CPU time and memory of a whole service."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
# Linux ends what we started when we are gone, however we went.
LIFELINE = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
NOWHERE = Path("/nonexistent")
"""The folder of a service that has none of its own."""

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Account:
    """One line of /proc/PID/stat: who started it, and the CPU ticks of it and of its ended children."""

    parent: int
    ticks: int


@dataclass(frozen=True)
class Service:
    """All processes of one service: those under `roots`, and those that live in its `folder`.

    The folder finds a store that was started by one process and outlived it.
    """

    roots: tuple[int, ...]
    folder: Path

    def members(self) -> dict[int, Account]:
        """Every living process of the service with its account."""
        everyone = dict(_accounts())
        found = {pid for pid in everyone if pid in self.roots or _lives_in(pid, self.folder)}
        while grown := {pid for pid, it in everyone.items() if it.parent in found} - found:
            found |= grown
        return {pid: everyone[pid] for pid in found - {os.getpid()}}

    def cpu(self) -> float:
        """CPU seconds used so far by the service, ended children included."""
        return sum(account.ticks for account in self.members().values()) / TICKS_A_SECOND

    def settled_cpu(self, *, at_most: float = 3.0) -> float:
        """CPU seconds once the service has gone quiet, so that work put off until later counts too."""
        deadline = time.monotonic() + at_most
        before = self.cpu()
        while time.monotonic() < deadline:
            time.sleep(0.25)
            now = self.cpu()
            if now - before <= 1.5 / TICKS_A_SECOND:
                return now
            before = now
        return before

    def memory(self) -> float:
        """Proportional set size of the service in MB (10^6 bytes): shared pages are counted once."""
        return sum(pss(pid) for pid in self.members()) / 1e6

    def stop(self, *, patience: float = 10.0) -> None:
        """Ask the roots to end, then end whatever is left; no process of the service survives this."""
        for pid in self.roots:
            _signal(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while (left := self._alive()) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in left:
            _signal(pid, signal.SIGKILL)

    def _alive(self) -> list[int]:
        for pid in self.roots:
            # Ours to bury: until then a dead one still has its entry.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        return list(self.members())


@contextlib.contextmanager
def others_share(services: Sequence[Service]) -> Iterator[Callable[[], float]]:
    """Account for the block; what this yields returns the share of all cores that went to none of ours.

    Whoever else is at work takes cores away, and what lies in the processor's caches.
    """
    share = 0.0
    began, before = time.perf_counter(), _cpu_of_others(services)
    yield lambda: share
    used, wall = _cpu_of_others(services) - before, time.perf_counter() - began
    share = max(used / wall / (os.cpu_count() or 1), 0.0)


def _cpu_of_others(services: Sequence[Service]) -> float:
    own = os.times()
    return _machine_cpu() - sum(service.cpu() for service in services) - sum(own[:4])


def _machine_cpu() -> float:
    # All cores together, for whomever; stolen time counts too.
    fields = [int(field) for field in (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    # Fields of proc(5): user, nice, system, idle, iowait, irq, softirq, steal.
    return (sum(fields) - fields[3] - fields[4]) / TICKS_A_SECOND


def _accounts() -> Iterator[tuple[int, Account]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                # The command's name may hold spaces and brackets; what follows its last bracket is plain.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            # Fields 14 to 17 of proc(5): utime, stime, cutime, cstime.
            yield int(entry.name), Account(int(fields[1]), sum(int(field) for field in fields[11:15]))


def _lives_in(pid: int, folder: Path) -> bool:
    try:
        # A server that renames itself changes its command line, but not the folder it works in.
        return Path(os.readlink(PROC / str(pid) / "cwd")).is_relative_to(folder)
    except OSError:
        return False


def pss(pid: int) -> int:
    """Proportional set size of one process in bytes; none when it is gone."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
