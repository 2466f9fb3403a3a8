"""`sso-center sessions`: the global sessions."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from sso_center.base.errors import NotFound
from sso_center.cli.open_services import ACTOR, opened_services
from sso_center.cli.output import moment, print_json, print_table
from sso_center.cli.users.person import find_person

if TYPE_CHECKING:
    from sso_center.core.sessions import SessionView, Step
    from sso_center.services import Services


@click.group()
def sessions() -> None:
    """List and show global sessions, end one."""


@sessions.command("list")
@click.option("--user", "username", metavar="U", help="Only this person's.")
@click.option("--client", "client_id", metavar="C", help="Only those that this site has joined.")
@click.option("--address", metavar="IP", help="Only those that were opened from this address.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_sessions(username: str | None, client_id: str | None, address: str | None, *, as_json: bool) -> None:
    """List the living sessions, the last seen first."""
    with opened_services() as services:
        found = list(_found(services, username, client_id, address))
    if as_json:
        print_json([_as_json(view, name) for view, name in found])
        return
    rows = [
        (
            view.sid,
            name,
            moment(view.opened_at),
            moment(view.seen_at),
            view.address,
            "app" if view.kind == "app" else view.device_type,
            " ".join(view.client_ids),
        )
        for view, name in found
    ]
    print_table(
        ("SID", "USER", "OPENED", "SEEN", "FROM", "DEVICE", "SITES"), rows, empty="No session is open."
    )


@sessions.command("show")
@click.argument("sid")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_session(sid: str, *, as_json: bool) -> None:
    """Show one session, and where it was used lately."""
    with opened_services() as services:
        view = services.sessions.view(sid)
        if view is None:
            raise NotFound(f"There is no session {sid!r} (any more).")
        names, steps = services.users.names([view.sub]), services.sessions.steps(sid)
    shown = _as_json(view, names.get(view.sub, view.sub))
    if as_json:
        print_json({**shown, "steps": [asdict(step) for step in steps]})
        return
    for field in ("opened_at", "seen_at", "deadline"):
        shown[field] = moment(getattr(view, field))
    shown["clients"] = " ".join(view.client_ids)
    for field, value in shown.items():
        click.echo(f"{field:<12} {value}")
    click.echo()
    print_table(("AT", "SITE", "FROM", "BROWSER"), [_step_row(step) for step in steps], empty="")


@sessions.command("end")
@click.argument("sid")
def end_session(sid: str) -> None:
    """End one session, at the center and at every site that joined it."""
    with opened_services() as services:
        ending = services.administration.endings.end_session(ACTOR, sid)
    told = ", ".join(ending.participants) or "no site"
    click.echo(f"Ended; it was joined by {told}.")


def _found(
    services: "Services", username: str | None, client_id: str | None, address: str | None
) -> "Iterator[tuple[SessionView, str]]":
    from sso_center.core.sessions.search import MAX_PAGE  # noqa: PLC0415

    sub, cursor = None if username is None else find_person(services, username).sub, None
    while True:
        page = services.search.find(
            user_sub=sub, client_id=client_id, address=address, cursor=cursor, limit=MAX_PAGE
        )
        names = services.users.names({view.sub for view in page.sessions})
        yield from ((view, names.get(view.sub, view.sub)) for view in page.sessions)
        cursor = page.next
        if cursor is None:
            return


def _step_row(step: "Step") -> tuple[str, str, str, str]:
    what = step.client_id or "(signed in)"
    return (moment(step.at), what, step.address or "", step.user_agent or "")


def _as_json(view: "SessionView", username: str) -> dict[str, object]:
    return {
        "sid": view.sid,
        "sub": view.sub,
        "username": username,
        "opened_at": view.opened_at,
        "seen_at": view.seen_at,
        "deadline": view.deadline,
        "address": view.address,
        "user_agent": view.user_agent,
        "kind": view.kind,
        "device_type": view.device_type,
        "clients": list(view.client_ids),
        "remembered": view.is_remembered,
    }
