"""Sites: the list, one of them, registering, changing, its secret, trying its logout address, removing."""

from sso_center.ui.admin.clients import add, detail, edit, listing, logout_probe, remove, secret

PARTS = (listing, add, detail, edit, secret, logout_probe, remove)
