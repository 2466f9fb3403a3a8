"""`sso-center audit list` and `export`."""

from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from sso_center.cli.audit.options import wanted, wanted_options
from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import moment, print_json, print_table

if TYPE_CHECKING:
    from sso_center.core.audit import LoggedEvent


@click.command("list")
@wanted_options
@click.option(
    "--count", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_events(*, count: int, as_json: bool, **options: Any) -> None:
    """List what happened, the newest first."""
    with opened_services() as services:
        from sso_center.core.audit.export import as_json as told  # noqa: PLC0415

        batches = services.audit_log.every(wanted(services, options))
        found = list(islice(chain.from_iterable(batches), count))
    if as_json:
        print_json([told(event) for event in found])
        return
    print_table(
        ("AT", "WHAT", "WHOSE", "SITE", "BY", "FROM"), [_row(event) for event in found], empty="Nothing."
    )


@click.command()
@wanted_options
@click.option(
    "--format", "kind", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True, help="As what."
)
def export(*, kind: str, **options: Any) -> None:
    """Write all that is wanted on standard output, the newest first, however much it is."""
    with opened_services() as services:
        from sso_center.core.audit.export import as_csv, as_json_lines  # noqa: PLC0415

        chosen = wanted(services, options)
        services.administration.log.export(ACTOR, kind, chosen)
        batches = services.audit_log.every(chosen)
        for text in as_csv(batches) if kind == "csv" else as_json_lines(batches):
            click.echo(text, nl=False)


def _row(event: "LoggedEvent") -> tuple[str, ...]:
    return (
        moment(event.at),
        event.tag,
        event.sub or "",
        event.client_id or "",
        event.actor,
        event.address,
    )
