"""The view and the decision, from memory alone: what counts, what is over, and what is to be asked."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from client_sdk.core.endings.ending import Ending, Kind
from client_sdk.core.endings.feed import FeedAnswer
from client_sdk.core.endings.view import View
from client_sdk.core.liveness.decision import Verdict, decide
from client_sdk.core.sessions.local_session import LocalSession, User
from client_sdk.core.sessions.position import Moment, Position

ALICE = User.from_claims("sid", {"sub": "alice", "roles": ["staff"]})
SESSION = LocalSession(ALICE, issued_at=5, opened_at=0, expires_at=1000, stamp=5000)
"""Stamped at 5000 ms of the center's clock."""
WALL = 500


def at(number: int, lineage: str = "a") -> Position:
    return Position(lineage, number)


def ending(kind: Kind, number: int, until: int = 0, **about: Any) -> Ending:
    return Ending(kind, at(number), until, **about)


def news(
    number: int, *endings: Ending, after: int | None = None, is_whole: bool = True, lineage: str = "a"
) -> FeedAnswer:
    known = None if after is None else at(after)
    return FeedAnswer(known, at(number, lineage), is_whole, endings)


def fresh_view(number: int = 10, sent_at: int = 100, capacity: int = 100) -> View:
    """Return a view that begins at a position, fresh as of `sent_at`."""
    view = View("shop", capacity)
    view.apply_feed(news(number), sent_at=sent_at, heard=sent_at + 1)
    return view


def verdict(view: View, good_at: Position | None, *, steady: int = 110, **changes: Any) -> Verdict:
    session = replace(SESSION, good_at=good_at, **changes)
    return decide(session, view, wall=WALL, steady=steady, max_staleness=30)


# Freshness


@pytest.mark.parametrize(
    ("steady", "expected"),
    [(99, Verdict.ASK), (100, Verdict.COUNTS), (129, Verdict.COUNTS), (130, Verdict.ASK)],
)
def test_a_fresh_view_decides_until_it_is_stale(steady: int, expected: Verdict) -> None:
    assert verdict(fresh_view(), at(10), steady=steady) is expected


def test_a_feed_answer_counts_from_sending_and_an_older_one_makes_no_view_fresher() -> None:
    view = fresh_view()
    view.apply_feed(news(12, after=10), sent_at=101, heard=129)
    assert verdict(view, at(10), steady=130) is Verdict.COUNTS
    assert verdict(view, at(10), steady=131) is Verdict.ASK
    view.apply_feed(news(11, after=10), sent_at=90, heard=131)
    assert (view.fresh_as_of, view.position) == (101, at(12))


def test_a_stream_makes_nothing_fresh() -> None:
    view = fresh_view()
    view.apply_event(ending(Kind.SESSION, 11, sid="another"), 129)
    assert view.fresh_as_of == 100
    assert view.position == at(10)


# Positions


@pytest.mark.parametrize(
    ("good_at", "expected"),
    [
        (at(10), Verdict.COUNTS),
        (at(99), Verdict.COUNTS),
        (at(9), Verdict.ASK),
        (None, Verdict.ASK),
        (at(10, "b"), Verdict.ASK),
    ],
    ids=["where it begins", "another process is ahead", "before", "unknown", "another lineage"],
)
def test_only_a_session_alive_at_the_views_floor_counts(good_at: Position | None, expected: Verdict) -> None:
    assert verdict(fresh_view(), good_at) is expected


@pytest.mark.parametrize(
    ("said", "low"),
    [
        (news(20, after=10), 10),
        (news(20, after=10, is_whole=False), 20),
        (news(20), 20),
        (news(20, after=15), 20),
        (news(8, after=10, is_whole=False), 11),
    ],
    ids=["whole", "not whole", "begun anew", "something between", "the numbers went back"],
)
def test_a_gap_in_the_feed_is_asked_about(said: FeedAnswer, low: int) -> None:
    view = fresh_view()
    view.apply_feed(said, sent_at=105, heard=106)
    assert verdict(view, at(low)) is Verdict.COUNTS
    assert verdict(view, at(low - 1)) is Verdict.ASK


def test_another_lineage_moves_the_view_to_its_position() -> None:
    view = fresh_view()
    view.apply_feed(news(3, lineage="b"), sent_at=105, heard=106)
    assert verdict(view, at(10)) is Verdict.ASK
    assert verdict(view, at(3, "b")) is Verdict.COUNTS
    view.apply_feed(news(11, after=10), sent_at=104, heard=107)
    assert view.position == at(3, "b"), "an answer that crossed the one with the new lineage"


def test_a_question_proves_at_the_position_where_it_was_sent() -> None:
    view = fresh_view()
    sent = Moment(101, view.position)
    view.apply_feed(news(20, after=10, is_whole=False), sent_at=102, heard=103)
    view.prove("sid", sent)
    assert verdict(view, None, steady=130) is Verdict.COUNTS, "by the proof itself"
    assert verdict(view, None, steady=131) is Verdict.ASK, "what came between 10 and 20 is not known"
    view.prove("sid", Moment(131, view.position))
    view.apply_feed(news(30, after=20), sent_at=170, heard=171)
    assert verdict(view, None, steady=180) is Verdict.COUNTS


# Endings


@pytest.mark.parametrize("is_streamed", [True, False], ids=["streamed", "polled"])
@pytest.mark.parametrize(
    ("kind", "about", "expected"),
    [
        (Kind.SESSION, {"sid": "sid"}, Verdict.ENDED),
        (Kind.SESSION, {"sid": "another"}, Verdict.COUNTS),
        (Kind.LEAVE, {"sid": "sid"}, Verdict.ASK),
        (Kind.USER, {"sub": "alice", "until": 5000}, Verdict.ENDED),
        (Kind.USER, {"sub": "alice", "until": 4999}, Verdict.COUNTS),
        (Kind.USER, {"sub": "bob", "until": 9000}, Verdict.COUNTS),
        (Kind.CHANGE, {"sub": "alice"}, Verdict.ASK),
        (Kind.CHANGE, {"sub": "bob"}, Verdict.COUNTS),
        (Kind.ROLE, {"name": "staff", "until": 5000}, Verdict.ENDED),
        (Kind.ROLE, {"name": "staff", "until": 4999}, Verdict.ASK),
        (Kind.ROLE, {"name": "guest", "until": 5000}, Verdict.ASK),
        (Kind.CLIENT, {"name": "shop", "until": 5000}, Verdict.ENDED),
        (Kind.CLIENT, {"name": "shop", "until": 4999}, Verdict.ASK),
        (Kind.CLIENT, {"name": "forum", "until": 5000}, Verdict.COUNTS),
        (Kind.EVERYONE, {"until": 5000}, Verdict.ENDED),
        (Kind.EVERYONE, {"until": 4999}, Verdict.ASK),
        (Kind.TOKEN, {"tokens": ("jti",)}, Verdict.COUNTS),
        (Kind.UNKNOWN, {}, Verdict.ASK),
    ],
)
def test_a_view_keeps_what_it_heard(
    kind: Kind, about: dict[str, Any], expected: Verdict, is_streamed: bool
) -> None:
    view, heard = fresh_view(), ending(kind, 11, **about)
    if is_streamed:
        assert view.apply_event(heard, 105)
        assert not view.apply_event(heard, 106)
    else:
        view.apply_feed(news(11, heard, after=10), sent_at=105, heard=106)
    assert verdict(view, at(10)) is expected
    if expected is Verdict.ASK:
        assert verdict(view, at(11)) is Verdict.COUNTS, "who was alive after it"


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (4999, Verdict.COUNTS),
        (5000, Verdict.ASK),
        (5998, Verdict.ASK),
        (5999, Verdict.ENDED),
    ],
)
def test_without_a_stamp_a_cut_off_in_the_same_second_is_asked_about(until: int, expected: Verdict) -> None:
    view = fresh_view()
    view.apply_event(ending(Kind.USER, 11, until, sub="alice"), 105)
    assert verdict(view, at(10), stamp=None) is expected


def test_an_ending_during_introspection_wins() -> None:
    view = fresh_view()
    sent = Moment(101, view.position)
    view.apply_event(ending(Kind.SESSION, 11, sid="sid"), 102)
    view.prove("sid", sent)
    assert verdict(view, at(10)) is Verdict.ENDED
    view.prove("sid", Moment(103, view.position))
    assert verdict(view, at(10)) is Verdict.COUNTS, "the center is the authority"


@pytest.mark.parametrize(
    ("opened", "expected"), [(101, Verdict.ENDED), (102, Verdict.ENDED), (103, Verdict.ASK)]
)
def test_a_session_opened_after_its_ending_was_heard_is_asked_about(opened: int, expected: Verdict) -> None:
    # In another process, which was far ahead in the feed; or so its clock says.
    view = fresh_view()
    view.end_session("sid", 102)
    assert verdict(view, at(15), opened_at=WALL - (110 - opened)) is expected


def test_a_late_ended_answer_does_not_end_a_session_proved_alive_later() -> None:
    view = fresh_view()
    view.prove("sid", Moment(105, view.position))
    view.apply_check("sid", is_alive=False, sent=Moment(103, view.position))
    assert verdict(view, at(10)) is Verdict.COUNTS


def test_a_change_is_not_hidden_by_an_older_cut_off_that_comes_late() -> None:
    view = fresh_view()
    view.apply_event(ending(Kind.CHANGE, 13, sub="alice"), 102)
    view.apply_event(ending(Kind.USER, 11, 100, sub="alice"), 103)
    assert verdict(view, at(12)) is Verdict.ASK
    assert verdict(view, at(13)) is Verdict.COUNTS


def test_an_evicted_tombstone_raises_the_views_floor() -> None:
    view = fresh_view(capacity=2)
    for number, sid in enumerate(("sid", "b", "c"), 11):
        view.apply_event(ending(Kind.SESSION, number, sid=sid), 102)
    view.apply_feed(news(20, after=10), sent_at=105, heard=106)
    assert verdict(view, at(10)) is Verdict.ASK
    assert verdict(view, at(11)) is Verdict.COUNTS


def test_an_ending_heard_by_a_notice_is_not_forgotten_silently() -> None:
    view = fresh_view(capacity=2)
    for sid in ("sid", "b", "c"):
        view.end_session(sid, 102)
    assert verdict(view, at(10)) is Verdict.ASK


def test_a_fork_keeps_only_the_endings() -> None:
    view = fresh_view()
    view.end_session("another", 101)
    view.after_fork()
    assert view.position is None
    assert verdict(view, at(10)) is Verdict.ASK
    assert view.has_ended(replace(SESSION, user=replace(ALICE, sid="another")), opened=100)


def test_the_view_is_bounded() -> None:
    view = View("shop", 10)
    for number in range(1, 200):
        view.apply_feed(
            news(
                number,
                ending(Kind.SESSION, number, sid=f"s{number}"),
                ending(Kind.CHANGE, number, sub=f"u{number}"),
                ending(Kind.ROLE, number, 1, name=f"r{number}"),
                ending(Kind.CLIENT, number, 1, name=f"c{number}"),
                ending(Kind.TOKEN, number, tokens=(f"t{number}", f"f{number}")),
                after=number - 1,
            ),
            sent_at=number,
            heard=number,
        )
        view.prove(f"s{number}", Moment(number + 1, view.position))
    kept = (view._sessions, view._users, view._roles, view._clients, view._tokens, view._proofs)
    assert max(len(entries) for entries in kept) <= 10


# Threads


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
@pytest.mark.parametrize("capacity", [3, 10_000], ids=["forgetting", "roomy"])
def test_a_reader_of_a_fresh_view_sees_the_endings_that_made_it_fresh(capacity: int) -> None:
    view, is_over = View("shop", capacity), threading.Event()
    view.apply_feed(news(0), sent_at=0, heard=0)
    wrong: list[int] = []

    def read() -> None:
        while not is_over.is_set():
            last = view.fresh_as_of or 0
            user = replace(ALICE, sid=f"s{last}")
            session = replace(SESSION, user=user, good_at=at(last - 1))
            if last and decide(session, view, wall=WALL, steady=last, max_staleness=30) is Verdict.COUNTS:
                wrong.append(last)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, 3000):
        told = ending(Kind.SESSION, number, sid=f"s{number}")
        view.apply_feed(news(number, told, after=number - 1), sent_at=number, heard=number)
    is_over.set()
    for reader in readers:
        reader.join()
    assert not wrong


# Tokens


@pytest.mark.parametrize(
    ("heard", "has_changed"),
    [
        (ending(Kind.TOKEN, 11, tokens=("family.3",)), True),
        (ending(Kind.TOKEN, 11, tokens=("family",)), True),
        (ending(Kind.TOKEN, 11, tokens=("family.4", "other")), False),
        (ending(Kind.CLIENT, 11, 1, name="robot"), True),
        (ending(Kind.CLIENT, 11, 1, name="other"), False),
    ],
    ids=["jti", "family", "others", "client", "another client"],
)
def test_revoked_tokens_are_known_to_the_view(heard: Ending, has_changed: bool) -> None:
    view = fresh_view()
    view.apply_event(heard, 105)
    assert view.has_changed_for_token("family.3", "robot", 100) is has_changed
    assert not view.has_changed_for_token("family.3", "robot", 106)


def test_a_token_without_jti_is_doubted_when_any_token_is_revoked() -> None:
    view = fresh_view()
    assert not view.has_changed_for_token("", "robot", 100)
    view.apply_event(ending(Kind.TOKEN, 11, tokens=("x",)), 105)
    assert view.has_changed_for_token("", "robot", 100)


# What a local session keeps


def test_a_stored_session_without_a_position_is_read() -> None:
    whole = replace(SESSION, good_at=at(7))
    assert LocalSession.from_json(whole.to_json()) == whole
    old = {name: value for name, value in whole.to_json().items() if name not in ("s", "g")} | {"v": 1}
    assert LocalSession.from_json(old) == replace(SESSION, stamp=None)
    assert LocalSession.from_json({**old, "v": 4}) is None
