"""What is wanted of the audit log: the options that its commands share."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from sso_center.base.errors import NotFound
from sso_center.cli.users.person import find_person

if TYPE_CHECKING:
    from sso_center.core.audit import AuditFilter
    from sso_center.services import Services

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%SZ"])

_SHARED = (
    click.option("--user", metavar="U", help="About this person: login name or sub."),
    click.option("--client", "client_id", metavar="C", help="About this site."),
    click.option("--sid", metavar="S", help="About this session."),
    click.option("--tag", metavar="T", help="One tag, or the beginning of several, such as admin:"),
    click.option("--actor", metavar="A", help="Done by a sub, client:ID, cli or center."),
    click.option("--address", metavar="IP", help="From this address."),
    click.option("--since", type=_MOMENT, help="From this moment on, in UTC."),
    click.option("--until", type=_MOMENT, help="Before this moment, in UTC."),
    click.option("--text", metavar="W", help="Holding this anywhere, in whatever case."),
)


def wanted_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command with the options that say what is wanted."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


def wanted(services: "Services", options: dict[str, Any]) -> "AuditFilter":
    """Return what the options say. Somebody who was removed is still found by their sub."""
    from sso_center.core.audit import AuditFilter  # noqa: PLC0415

    user = options.pop("user")
    if user is not None:
        with suppress(NotFound):
            user = find_person(services, user).sub
    since, until = (_milliseconds(options.pop(name)) for name in ("since", "until"))
    return AuditFilter(sub=user, since=since, until=until, **options)


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.replace(tzinfo=UTC).timestamp() * 1000)
