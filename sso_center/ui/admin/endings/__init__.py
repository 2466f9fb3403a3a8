"""Endings: all of them, one with the receipts of its sites, delivering again, and signing many people out."""

from flask import Blueprint

from sso_center.services import Services
from sso_center.ui.admin.endings import detail, listing, mass_logout, redeliver

PARTS = (listing, detail, redeliver, mass_logout)


def add_routes(routes: Blueprint, services: Services) -> None:
    """Add what each file here shows or does."""
    for part in PARTS:
        part.add_routes(routes, services)
