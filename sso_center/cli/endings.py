"""`sso-center endings`: what ended, and which sites know of it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import counted, moment, print_json, print_table

if TYPE_CHECKING:
    from sso_center.core.notices import Counts, EndingSummary, SiteCounts, SiteReceipt


@click.group()
def endings() -> None:
    """List what ended, show which sites were told, and tell them again."""


@endings.command("list")
@click.option("--user", "username", metavar="U", help="Only this person's.")
@click.option("--client", "client_id", metavar="C", help="Only those that concern this site.")
@click.option("--reason", metavar="R", help="Only those that ended for this reason, such as logout.")
@click.option("--cut-off", "cause", type=int, metavar="NUMBER", help="Only the sessions it ended.")
@click.option("--unconfirmed", is_flag=True, help="Only those that a site has not confirmed.")
@click.option("--before", type=int, metavar="NUMBER", help="Go on below this number.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_endings(
    username: str | None, *, unconfirmed: bool, before: int | None, limit: int, as_json: bool, **wanted: Any
) -> None:
    """List endings, the newest first."""
    with opened_services() as services:
        from sso_center.core.notices import EndingFilter  # noqa: PLC0415

        # Somebody who was removed is still known by what ended.
        person = None if username is None else services.users.called(username)
        sub = person.sub if person else username
        chosen = EndingFilter(sub=sub, is_unconfirmed=unconfirmed, **wanted)
        found = services.receipts.endings(chosen, before=before, limit=limit)
        names = services.users.names({one.sub for one in found})
    if as_json:
        print_json([asdict(one) for one in found])
        return
    rows = [
        (
            str(one.number),
            moment(one.at),
            one.kind,
            _whom(one, names),
            one.reason,
            one.actor,
            _confirmed(one.counts),
        )
        for one in found
    ]
    print_table(("NUMBER", "AT", "KIND", "WHO", "REASON", "ACTOR", "SITES"), rows, empty="Nothing ended.")


@endings.command("show")
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(number: int, *, as_json: bool) -> None:
    """Show what each site knows of an ending."""
    with opened_services() as services:
        ending = services.receipts.find(number)
        receipts = services.receipts.of(number, limit=1000)
        sites = services.receipts.by_site(number)
        names, now = services.users.names([ending.sub]), services.clock()
    if as_json:
        print_json(
            {
                **asdict(ending),
                "receipts": [asdict(one) for one in receipts],
                "sites": [asdict(one) for one in sites],
            }
        )
        return
    click.echo(f"{moment(ending.at)}  {_whom(ending, names)}: {ending.kind}, {ending.reason}")
    click.echo(_confirmed(ending.counts))
    click.echo()
    if ending.is_of_many:
        rows = [(one.client_id, _sum_in_words(one, now)) for one in sites]
    else:
        rows = [(one.client_id, _in_words(one, now)) for one in receipts]
    print_table(("SITE", "RECEIPT"), rows, empty="No site was told.")
    if ending.is_of_many:
        click.echo(f"The sessions that it ended: sso-center endings list --cut-off {number}")


@endings.command("deliver-again")
@click.argument("number", type=int)
@click.option("--client", "client_id", metavar="C", help="Only to this site.")
@click.option("--confirmed-too", "is_confirmed_too", is_flag=True, help="Also to those that confirmed it.")
def deliver_again(number: int, *, client_id: str | None, is_confirmed_too: bool) -> None:
    """Tell the sites that have not confirmed an ending once more, from now on for a day."""
    with opened_services() as services:
        count = services.administration.endings.deliver_again(
            ACTOR, number, client_id=client_id, is_confirmed_too=is_confirmed_too
        )
    click.echo(f"{counted(count, 'notice is', 'notices are')} delivered again.")


def _whom(ending: "EndingSummary", names: dict[str, str]) -> str:
    if ending.kind == "cutoff":
        name = names.get(ending.name, ending.name)
        return f"{ending.scope} {name}".strip()
    return names.get(ending.sub, ending.sub)


def _confirmed(counts: "Counts") -> str:
    if not counts.total:
        return "no site to tell"
    told = f"{counts.confirmed} of {counts.total} confirmed"
    others = ("pending", "gave_up", "superseded", "shown")
    rest = [f"{count} {state.replace('_', ' ')}" for state in others if (count := getattr(counts, state))]
    return ", ".join((told, *rest))


def _sum_in_words(site: "SiteCounts", now: int) -> str:
    told = _confirmed(site.counts)
    return told if site.open is None else f"{told}: {_in_words(site.open, now)}"


def _in_words(receipt: "SiteReceipt", now: int) -> str:
    because = f" because {receipt.last_error}" if receipt.last_error else ""
    if receipt.state == "confirmed":
        return f"confirmed in {receipt.took_ms} ms"
    if receipt.state == "pending":
        left = max(round(((receipt.next_attempt_at or now) - now) / 1000), 0)
        return f"{'retrying' if receipt.attempts else 'due'} in {left} s{because}"
    if receipt.state == "shown":
        return "asked through the browser"
    return f"{receipt.state.replace('_', ' ')}{because}"
