"""The command `sso-center doctor`."""

from collections.abc import Callable, Iterable, Iterator

import click

from sso_center.base.errors import SSOError
from sso_center.base.settings import Settings, load_settings
from sso_center.cli.doctor.finding import Finding, Level, fail
from sso_center.cli.failures import explained
from sso_center.cli.output import print_json

COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--restore", is_flag=True, help="The SQL store was restored from a copy: start over from it.")
@click.option("--yes", is_flag=True, help="With --restore: do it without asking.")
def doctor(*, as_json: bool, restore: bool, yes: bool) -> None:
    """Look over settings and stores. The exit code is 1 when something is broken."""
    if (yes and not restore) or (restore and as_json):
        raise click.UsageError("--yes goes with --restore, which goes with nothing else.")
    if restore:
        from sso_center.cli.doctor.restore import start_over  # noqa: PLC0415

        start_over(is_confirmed=yes)
        return
    found = []
    for finding in examine(load_settings()):
        found.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        print_json([{"level": one.level, "subject": one.subject, "text": one.text} for one in found])
    if any(finding.level == Level.FAIL for finding in found):
        raise SystemExit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at one thing after another; what needs a store that is away is left out."""
    from sso_center.cli.doctor.settings import look_at_settings  # noqa: PLC0415

    yield from look_at_settings(settings)
    tables = list(_looked("SQL", lambda: _examine_tables(settings)))
    yield from tables
    if all(finding.level == Level.OK for finding in tables):
        yield from _examine_stores(settings)
    elif settings.redis_url:
        yield from _looked("Redis", lambda: _examine_redis(settings))


def _examine_tables(settings: Settings) -> Iterator[Finding]:
    from sso_center.cli.doctor.sql import look_at_tables  # noqa: PLC0415
    from sso_center.storage.sql import open_database  # noqa: PLC0415

    database = open_database(settings)
    try:
        yield look_at_tables(settings, database)
    finally:
        database.close()


def _examine_redis(settings: Settings) -> Iterator[Finding]:
    """Look at the Redis that the settings name while the core, which needs tables, can't be opened."""
    from sso_center.base.clock import system_clock  # noqa: PLC0415
    from sso_center.cli.doctor.redis import look_at_redis  # noqa: PLC0415
    from sso_center.storage.redis import open_redis  # noqa: PLC0415

    redis = open_redis(settings, system_clock)
    try:
        yield from look_at_redis(settings, redis)
    finally:
        redis.close()


def _examine_stores(settings: Settings) -> Iterator[Finding]:
    from sso_center.cli.doctor.journal import look_at_journal  # noqa: PLC0415
    from sso_center.cli.doctor.redis import look_at_redis  # noqa: PLC0415
    from sso_center.cli.doctor.sql import look_at_clients, look_at_keys  # noqa: PLC0415
    from sso_center.cli.open_services import opened_services  # noqa: PLC0415

    try:
        with opened_services(settings) as services:
            looks: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
                ("signing keys", lambda: look_at_keys(services)),
                ("clients", lambda: look_at_clients(services)),
                ("Redis", lambda: look_at_redis(settings, services.redis)),
                ("journal", lambda: look_at_journal(services)),
            )
            for subject, look in looks:
                yield from _looked(subject, look)
    except SSOError as failed:
        yield from _failure("stores", failed)


def _looked(subject: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except SSOError as failed:
        yield from _failure(subject, failed)


def _failure(subject: str, failed: SSOError) -> Iterator[Finding]:
    for line in explained(failed):
        yield fail(subject, line)


def _show(finding: Finding) -> None:
    level = click.style(f"{finding.level:<5}", fg=COLOURS[finding.level], bold=finding.level != Level.OK)
    click.echo(f"{level} {finding.subject:<14} {finding.text}")
