"""Signing in, as a list of steps that never call each other.

A step is a file here with one `STEP` (see step.py): when it is due, what it shows, how it judges what
was sent. A step that is content says what is now known of the person, as a `Progress`; `order.py` alone
decides which step is next, the first included, from what is stored. When none is due, `views.py` opens the
session and sends the browser on.

To add a step: write its file, name it in `order.TABLE`; a longer page has a template of its own.
tests/extending/test_a_sign_in_step.py does so.
"""

from sso_center.ui.login.order import STEPS
from sso_center.ui.login.views import blueprint
from sso_center.web.paths import Paths
from sso_center.web.sign_in import LOGIN

__all__ = ["PATHS", "blueprint"]

PATHS = Paths(password_posts=(LOGIN, *(step.path for step in STEPS)))
