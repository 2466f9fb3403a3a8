"""Sites: the list, one of them, registering, changing, its secret, trying its logout address, removing."""

from flask import Blueprint

from sso_center.services import Services
from sso_center.ui.admin.clients import add, detail, edit, listing, logout_probe, remove, secret

PARTS = (listing, add, detail, edit, secret, logout_probe, remove)


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add what each file here shows or does."""
    for part in PARTS:
        part.add_routes(routes, services)
