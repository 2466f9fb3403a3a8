"""Sessions: finding them, and one with its sites and steps, which can be ended."""

from sso_center.ui.admin.sessions import detail, end, find

PARTS = (find, detail, end)
