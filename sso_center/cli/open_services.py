"""The core for one command: settings read, tables up to date, stores open, and closed at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sso_center.base.actor import Actor
from sso_center.base.settings import Settings, load_settings

if TYPE_CHECKING:
    from sso_center.services import Services

ACTOR = Actor("cli")
"""The actor of commands in the audit log and the journal."""


@contextmanager
def opened_services(settings: Settings | None = None) -> Iterator["Services"]:
    """Give the core, beside a running center or without one.

    Raises SettingsError, Unavailable.
    """
    # Imported here: `--help` and a mistyped option should not wait for SQLAlchemy.
    from sso_center.protocols.table import FACADES  # noqa: PLC0415
    from sso_center.services import build_services  # noqa: PLC0415
    from sso_center.storage.migrate import ensure_schema  # noqa: PLC0415
    from sso_center.storage.sql import open_database  # noqa: PLC0415

    settings = settings or load_settings()
    database = open_database(settings)
    try:
        ensure_schema(database)
    finally:
        database.close()
    services = build_services(settings, FACADES)
    try:
        yield services
    finally:
        services.close()
