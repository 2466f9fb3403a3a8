"""The account: who you are, the sites you are in, the devices you are signed in on, and your password."""

from sso_center.ui.account.views import PASSWORD, blueprint
from sso_center.web.paths import Paths

__all__ = ["PATHS", "blueprint"]

PATHS = Paths(password_posts=(PASSWORD,))
