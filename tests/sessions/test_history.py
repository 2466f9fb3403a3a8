"""Presence over time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sso_center.base.errors import Invalid
from sso_center.base.settings import load_settings
from sso_center.core.sessions import History, PresenceSample
from sso_center.core.sessions.history import DAY, KEPT, MINUTE
from sso_center.courier import Courier
from sso_center.storage.migrate import migrate
from sso_center.storage.schema import presence
from sso_center.storage.sql import Database, database_url
from tests.harness.core import core_in

NOON = 1_800_000_000_000 // DAY * DAY + DAY // 2


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = database_url(load_settings({"SSO_DATA_DIR": str(tmp_path)}))
    migrate(url)
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def history(database: Database) -> History:
    return History(database)


def test_a_span_holds_the_most_sessions_that_were_there_at_once(history: History) -> None:
    for minute, people in enumerate((3, 9, 4, 1)):
        history.note(NOON + minute * MINUTE + 17, people, 10 * people)
    assert history.between(NOON, NOON + 4 * MINUTE, 2) == [
        PresenceSample(NOON, 9, 90),
        PresenceSample(NOON + 2 * MINUTE, 4, 40),
    ]


def test_a_span_without_samples_is_unknown(history: History) -> None:
    history.note(NOON, 0, 0)
    assert [moment.people for moment in history.between(NOON - MINUTE, NOON + 2 * MINUTE, 3)] == [
        None,
        0,
        None,
    ]


def test_a_minute_has_one_sample_the_first(history: History) -> None:
    assert not history.is_noted(NOON)
    history.note(NOON + 1, 5, 6)
    history.note(NOON + 59_000, 7, 8)
    assert history.is_noted(NOON + 30_000)
    assert history.between(NOON, NOON + MINUTE, 1) == [PresenceSample(NOON, 5, 6)]


def test_samples_older_than_ninety_days_are_deleted(history: History, database: Database) -> None:
    for at in (NOON, NOON + MINUTE, NOON + KEPT + MINUTE + 1):
        history.note(at, 1, 1)
    with database.read() as connection:
        assert connection.scalar(select(func.min(presence.c.at))) == NOON + KEPT + MINUTE
        assert connection.scalar(select(func.count()).select_from(presence)) == 1


@pytest.mark.parametrize(
    ("since", "until", "points", "field"),
    [(0, MINUTE, 0, "points"), (0, MINUTE, 1001, "points"), (5, 5, 1, "until"), (5, 4, 1, "until")],
)
def test_a_range_that_can_not_be_charted_is_refused(
    history: History, since: int, until: int, points: int, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        history.between(since, until, points)
    assert refused.value.field == field


def test_a_courier_notes_who_is_here_once_a_minute(tmp_path: Path) -> None:
    with core_in(tmp_path) as core:
        couriers = [Courier(core.services) for _ in range(2)]
        core.open(core.person())
        user = core.person()
        for _ in range(2):
            core.open(user)
        began = core.time.now // MINUTE * MINUTE
        for _ in range(3):
            for courier in couriers:
                courier._note_presence()
            core.time.move(MINUTE)
        told = core.services.history.between(began, began + 4 * MINUTE, 4)
        assert [(moment.people, moment.sessions) for moment in told] == [*[(2, 3)] * 3, (None, None)]
