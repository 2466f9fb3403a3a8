"""What refresh tokens promise, written from the rules and not from the scripts.

A refresh token is its generation and the line it is of: a store that lost writes makes two of one generation.
A family is what was told last and the answer before that. Instants and spans are milliseconds.
"""

from dataclasses import dataclass, field, replace

from tests.harness.core import MINUTE, SECOND

ANSWERED = frozenset({"first", "retry", "late", "successor", "again"})
"""Verdicts that come with an answer; the others are a reuse, a rollback or unknown."""


@dataclass(frozen=True)
class Kind:
    """How a client is registered, and whether what it holds outlives the session."""

    is_signed: bool
    is_strict: bool
    is_offline: bool
    window: int

    def __str__(self) -> str:
        strict, life = "strict" if self.is_strict else "lenient", "offline" if self.is_offline else "bound"
        return f"{'jwt' if self.is_signed else 'opaque'}-{strict}-{life}-{self.window // SECOND}"


@dataclass(frozen=True)
class Held:
    """A refresh token as somebody holds it."""

    text: str = field(repr=False)
    generation: int
    line: int


@dataclass(frozen=True)
class Access:
    """An access token; `number` is the generation whose use gave it."""

    text: str = field(repr=False)
    number: int
    deadline: int
    epoch: int

    def is_good(self, now: int, epoch: int, *, is_signed: bool) -> bool:
        """Say whether it counts by itself; a JWT tells whole seconds."""
        end = self.deadline // SECOND * SECOND if is_signed else self.deadline
        return now < end and self.epoch == epoch


@dataclass(frozen=True)
class Answer:
    """What a refresh token was answered."""

    successor: Held
    access: Access


@dataclass(frozen=True)
class Family:
    """What the store should know of a family."""

    kind: Kind
    generation: int = 1
    line: int = 0
    next_line: int = 1
    first_told: int = 0
    told: int = 0
    answer: Answer | None = None
    seen: int = 0
    advanced: int = 0
    previous: tuple[int, int] | None = None
    previous_until: int = 0
    answer_before: Answer | None = None
    past: frozenset[tuple[int, int]] = frozenset()

    def judge(self, held: Held, now: int) -> str:
        """Return what presenting a token should come to, with the reason of a reuse after a colon."""
        name = (held.generation, held.line)
        if held.generation > self.generation + 1:
            return "rollback"
        if held.generation == self.generation + 1:
            return "successor" if held.line == self.next_line else "unknown"
        if name == (self.generation, self.line):
            return self._judge_current(now)
        if name == self.previous:
            return self._judge_previous(now)
        return "reuse:past" if name in self.past else "unknown"

    def _judge_current(self, now: int) -> str:
        if self.answer is None:
            return "first"
        if self.kind.is_strict and now > self.first_told + MINUTE:
            return "reuse:strict"
        if now <= self.told + self.kind.window:
            return "retry"
        if self.kind.is_signed:
            return "reuse:window"
        return "reuse:seen" if self.is_seen else "late"

    def _judge_previous(self, now: int) -> str:
        if now > self.previous_until:
            return "reuse:past"
        if self.answer_before is None:
            return "rollback"  # the store lost what it had told
        return "again" if now <= self.advanced + 10 * SECOND else "reuse:under way"

    @property
    def is_seen(self) -> bool:
        """Whether the access token of the last answer was presented to the center."""
        return self.seen == self.generation

    def is_renewed(self, now: int, epoch: int) -> bool:
        """Whether a retry finds the access token dead by itself, and nothing that shows it arrived."""
        assert self.answer is not None
        access = self.answer.access
        return not self.is_seen and (now >= access.deadline or access.epoch != epoch)

    def saw(self, access: Access) -> "Family":
        """Return what is known once an access token was presented."""
        return replace(self, seen=max(self.seen, access.number))

    def advance(self, held: Held, now: int, *, next_line: int) -> "Family":
        """Return what is known once the successor was used, before it is answered."""
        until = now + MINUTE
        if self.kind.is_strict and self.answer is not None:
            until = self.first_told + MINUTE
        old = (self.generation, self.line)
        return replace(
            self,
            generation=held.generation,
            line=held.line,
            next_line=next_line,
            answer=None,
            advanced=now,
            previous=old,
            previous_until=until,
            answer_before=self.answer,
            past=self.past | {old},
        )

    def tell(self, answer: Answer, now: int) -> "Family":
        """Return what is known once the current token was answered for the first time."""
        return replace(self, answer=answer, first_told=now, told=now)
