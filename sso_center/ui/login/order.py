"""Which steps there are, and which one comes next."""

from importlib import import_module

from sso_center.core.users import User
from sso_center.ui.login.step import Progress, Step

TABLE = (
    "sso_center.ui.login.password",
    "sso_center.ui.login.new_password",
)
"""The files that hold a STEP, in the order in which steps are taken. Of those that a person can begin with,
the first is shown at /login, with links to the others."""

STEPS: tuple[Step, ...] = tuple(import_module(name).STEP for name in TABLE)


def next_step(progress: Progress | None, user: User | None) -> Step | None:
    """Return the first step that is due, or None when the person may come in."""
    return next((step for step in STEPS if step.is_due(progress, user)), None)


def first_steps() -> tuple[Step, ...]:
    """Return the steps that a person may begin with, the usual one first."""
    return tuple(step for step in STEPS if step.begins)
