"""Endings: all of them, one with the receipts of its sites, delivering again, and signing many people out."""

from sso_center.ui.admin.endings import detail, listing, mass_logout, redeliver

PARTS = (listing, detail, redeliver, mass_logout)
