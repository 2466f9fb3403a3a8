"""Protection against self-lockout: an admin who locks themselves out may have been the last one."""

from sso_center.base.errors import Invalid
from sso_center.ui.admin.gate import admin
from sso_center.web.language import gettext


def not_oneself(sub: str) -> None:
    """Raise Invalid when the admin is about to do it to themselves."""
    if admin().sub == sub:
        raise Invalid(
            gettext("You can't do this to your own account. Ask another administrator."), field="sub"
        )
