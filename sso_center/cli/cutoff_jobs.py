"""Follow a cut-off's job on the terminal, and run it when no courier does."""

import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from sso_center.base.errors import SSOError
from sso_center.cli.output import counted, moment

if TYPE_CHECKING:
    from sso_center.core.journal import CutoffJob
    from sso_center.services import Services

SLICE, LOOK_AGAIN = 0.3, 0.2
"""Seconds: how long we run the job between two looks at the progress, and how long we wait while another runs
it."""


def follow(services: "Services", number: int) -> int:
    """Show the progress of a cut-off's job until it is done, and return how many sessions were ended.

    The job runs here unless a courier runs it. Raises Unavailable, after which a courier finishes it.
    """
    from sso_center.core.cutoffs import CutoffJobRunner  # noqa: PLC0415
    from sso_center.core.leases import Leases  # noqa: PLC0415

    holder = f"cli:{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    leases = Leases(services.database, holder, services.clock)
    runner = CutoffJobRunner(
        services.cutoff_jobs, services.entries, services.cutoff_enforcer, leases, services.clock
    )
    try:
        with _shown() as show:
            while (job := services.cutoff_jobs.find(number)) and not job.is_finished:
                show(job)
                if not runner.step(SLICE):
                    time.sleep(LOOK_AGAIN)
            if job:
                show(job)
    except KeyboardInterrupt:
        click.echo("\nThey are logged out all the same; the running center ends the sessions.", err=True)
        raise
    finally:
        with suppress(SSOError):
            leases.give_back()
    return job.ended if job else 0


def whom(services: "Services", scope: str, name: str) -> str:
    """Return in words whom a cut-off concerns."""
    if scope == "user":
        return services.users.names([name]).get(name, name)
    return {"client": f"everybody at {name}", "role": f"everybody with the role {name}"}.get(
        scope, "everybody"
    )


def described(services: "Services", job: "CutoffJob") -> str:
    """Return in one line how far a job is."""
    state = "done" if job.is_finished else f"{job.percent} %"
    ended = counted(job.ended, "session", "sessions")
    return f"{moment(job.began_at)}  {whom(services, job.scope, job.name)}: {state}, {ended}"


@contextmanager
def _shown() -> "Iterator[Callable[[CutoffJob], None]]":
    """Give what shows the progress: a bar on a terminal, else a line whenever another tenth is done."""
    if not sys.stderr.isatty():
        yield _by_lines()
        return
    with click.progressbar(length=100, label="Ending the sessions", file=sys.stderr) as bar:
        yield lambda job: bar.update(job.percent - bar.pos)


def _by_lines() -> "Callable[[CutoffJob], None]":
    tenths = 0

    def show(job: "CutoffJob") -> None:
        nonlocal tenths
        if job.percent // 10 > tenths:
            tenths = job.percent // 10
            click.echo(f"{tenths * 10} %, {counted(job.ended, 'session', 'sessions')}", err=True)

    return show
