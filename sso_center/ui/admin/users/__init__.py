"""People: the list, one of them, adding, changing, a new password, disabling, removing."""

from flask import Blueprint

from sso_center.services import Services
from sso_center.ui.admin.users import add, detail, disable, edit, listing, password, remove

PARTS = (listing, add, detail, edit, disable, password, remove)


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add what each file here shows or does."""
    for part in PARTS:
        part.add_routes(routes, services)
