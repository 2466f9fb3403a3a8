"""Which steps there are, and which one comes next."""

from sso_center.core.users import User
from sso_center.ui.login import new_password, password
from sso_center.ui.login.step import Progress, Step

STEPS: tuple[Step, ...] = (password.STEP, new_password.STEP)


def next_step(progress: Progress | None, user: User | None) -> Step | None:
    """Return the first step that is due, or None when the person may come in."""
    return next((step for step in STEPS if step.is_due(progress, user)), None)
