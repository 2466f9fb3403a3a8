"""What is known of a session once it is gone: why, for a week, and only to whoever holds its cookie."""

import pytest

from sso_center.core.journal.entries import Entry
from sso_center.core.reasons import CENTER, Reason
from sso_center.core.sessions import Outcome, Visit
from tests.harness.core import DAY, SECOND, Core
from tests.sessions.conftest import IDLE, Held


def visit(core: Core, held: Held) -> Visit:
    return core.services.sessions.visit(held.cookie)


def ending_of(core: Core, held: Held) -> Entry:
    """Return an ending by an admin, as the journal has it."""
    shard = held.user.shard
    return Entry(1, "ending", core.time.now, shard, held.user.sub, held.sid, "", Reason.ADMIN, "me", {})


@pytest.mark.parametrize("reason", Reason)
def test_the_reason_of_every_ending_is_remembered(core: Core, held: Held, reason: Reason) -> None:
    core.services.endings.end_session(held.sid, reason, CENTER)
    outcome = Outcome.EXPIRED if reason is Reason.EXPIRED else Outcome.ENDED
    assert visit(core, held) == Visit(outcome, reason=reason)


def test_the_reason_of_an_ended_session_is_forgotten_after_a_week(core: Core, held: Held) -> None:
    chain_id = held.cookie.split(".")[0]
    core.services.endings.end_session(held.sid, Reason.LOGOUT, CENTER)
    ((kind, left),) = core.hot.kept(chain_id).items()
    assert 7 * DAY - 60 * SECOND < left <= 7 * DAY
    core.hot.lose(chain_id[:2], kind, chain_id)
    assert visit(core, held) == Visit(Outcome.UNKNOWN)


def test_a_session_ended_by_a_recovery_has_its_reason_too(core: Core, held: Held) -> None:
    # A backup of before the ending knows nothing of it: only the journal does.
    core.services.applier.apply(ending_of(core, held))
    assert visit(core, held) == Visit(Outcome.ENDED, reason=Reason.ADMIN)


def test_an_ending_that_is_applied_again_changes_no_reason(core: Core, held: Held) -> None:
    core.services.endings.end_session(held.sid, Reason.LOGOUT, CENTER)
    core.services.applier.apply(ending_of(core, held))
    assert visit(core, held).reason == Reason.LOGOUT


def test_an_expiry_comes_before_whatever_ended_the_session_afterwards(core: Core, held: Held) -> None:
    core.time.move(IDLE * SECOND)
    next(core.services.mass_endings.end("user", held.user.sub, Reason.ADMIN, "test"))
    found = visit(core, held)
    assert (found.outcome, found.reason) == (Outcome.EXPIRED, Reason.EXPIRED)


@pytest.mark.parametrize(
    ("change", "reason"),
    [("password", Reason.PASSWORD_CHANGE), ("disabled", Reason.DISABLED), ("cut off", Reason.ADMIN)],
)
def test_the_state_of_a_dead_session_tells_why_until_its_ending_is_recorded(
    core: Core, held: Held, change: str, reason: Reason
) -> None:
    if change == "password":
        core.show_copy(held.user, epoch=held.user.epoch + 1)
    if change == "disabled":
        core.show_copy(held.user, is_disabled=True)
    if change == "cut off":
        next(core.services.mass_endings.end("user", held.user.sub, Reason.ADMIN, "test"))
    found = visit(core, held)
    assert (found.outcome, found.reason) == (Outcome.ENDED, reason)
