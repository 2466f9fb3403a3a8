"""Whatever is delayed, lost or repeated, no session is accepted later than `max_staleness` after its end."""

import pytest

from client_sdk.core.endings.ending import Ending
from client_sdk.core.endings.feed import FeedAnswer
from client_sdk.core.endings.view import View
from client_sdk.core.sessions.position import Moment, Position
from tests.client_sdk.histories import History


def sound_view(capacity: int) -> View:
    return View("shop", capacity)


def test_no_session_is_accepted_later_than_the_bound_in_any_history() -> None:
    accepted = [History(seed, sound_view).run() for seed in range(2000)]
    assert sum(count > 0 for count in accepted) > 1000, "most histories let nobody in: they prove little"


class FreshFromReceipt(View):
    """Counts freshness from when the answer came."""

    def apply_feed(self, news: FeedAnswer, *, sent_at: int, heard: int) -> list[Ending]:
        return super().apply_feed(news, sent_at=heard, heard=heard)


class ProvesFromReceipt(View):
    """Takes an answer about a session to hold at the position where it came."""

    def prove(self, sid: str, sent: Moment) -> None:
        super().prove(sid, Moment(sent.as_of, self.position))


class TrustsTheStream(View):
    """Takes what a stream tells for all there is."""

    def apply_event(self, ending: Ending, heard: int) -> bool:
        self.fresh_as_of = heard
        return super().apply_event(ending, heard)


class MissesGaps(View):
    """Goes on where something was left out."""

    def _raise_floor(self, position: Position | None, heard: int = -1) -> None:
        self._known_from = max(self._known_from, heard)


class ForgetsSilently(View):
    """Forgets what it has no room for, and nobody is asked about."""

    def _put(self, marks, name, mark) -> None:  # type: ignore
        marks.put(name, mark)


class IgnoresLineages(View):
    """Compares numbers of a store with those of the same store before it was restored."""

    def apply_feed(self, news: FeedAnswer, *, sent_at: int, heard: int) -> list[Ending]:
        if self.position is not None:
            position = Position(self.position.lineage, news.position.number)
            news = FeedAnswer(self.position, position, True, news.endings)
        return super().apply_feed(news, sent_at=sent_at, heard=heard)


class IgnoresChanges(View):
    """Asks nobody again when a user changed or a client left."""

    def _ask_again(self, marks, name, mark) -> bool:  # type: ignore
        return False


@pytest.mark.parametrize(
    "broken",
    [
        FreshFromReceipt,
        ProvesFromReceipt,
        TrustsTheStream,
        MissesGaps,
        ForgetsSilently,
        IgnoresLineages,
        IgnoresChanges,
    ],
)
def test_the_histories_notice_a_view_without_one_of_its_rules(broken: type[View]) -> None:
    def run_all() -> None:
        for seed in range(2000):
            History(seed, lambda capacity: broken("shop", capacity)).run()

    with pytest.raises(AssertionError, match="after its end"):
        run_all()
