"""Sessions: finding them, and one with its sites and steps, which can be ended."""

from flask import Blueprint

from sso_center.services import Services
from sso_center.ui.admin.sessions import detail, end, find

PARTS = (find, detail, end)


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add what each file here shows or does."""
    for part in PARTS:
        part.add_routes(routes, services)
