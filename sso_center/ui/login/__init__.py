"""Signing in, as a list of steps that never call each other.

A step is a file here with one `STEP` (see step.py): when it is due, what it shows, how it judges what
was sent. A step that is content says what is now known of the person, as a `Progress`; `order.py` alone
decides which step is next, from what is stored. When none is due, `views.py` opens the session and
sends the browser on.

To add a step: write its file, put its `STEP` into `order.STEPS`, write its template.
"""

from sso_center.ui.login.order import STEPS
from sso_center.ui.login.views import blueprint
from sso_center.web.paths import Paths

__all__ = ["PATHS", "blueprint"]

PATHS = Paths(password_posts=tuple(step.path for step in STEPS))
