"""People: the list, one of them, adding, changing, a new password, disabling, removing."""

from sso_center.ui.admin.users import add, detail, disable, edit, listing, password, remove

PARTS = (listing, add, detail, edit, disable, password, remove)
