"""Runs the tasks in turn, side after side and round after round, so that noise meets all alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import comb
from statistics import median

from benchmarks.load import Sample
from benchmarks.work import Crowd, Task


@dataclass
class Results:
    """All samples of one task by side, in the order of the rounds."""

    task: Task
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def cpu(self, side: str) -> list[float]:
        """CPU milliseconds a unit, a value for each round."""
        return [sample.cpu_ms for sample in self.samples[side]]

    def refused(self, side: str) -> int:
        """How many units were refused in all rounds."""
        return sum(sample.refused for sample in self.samples[side])

    def rate(self, side: str) -> list[float]:
        """Units a second, a value for each round."""
        return [sample.rate for sample in self.samples[side]]

    def latency(self, side: str, percent: float) -> list[float]:
        """A percentile of the latency in milliseconds, a value for each round."""
        return [sample.percentile_ms(percent) for sample in self.samples[side]]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over the rounds of ours by theirs: each is compared with its neighbour in time."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """The median of ratios, and between which of them the true median lies with CONFIDENCE."""

    median: float
    low: float
    high: float


def paired_interval(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """The ratio of ours by theirs, round by round, with the interval that the sign test gives its median.

    It is made of the ratios' order alone, so that one wild round moves it no further than to its neighbour.
    """
    ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    count, cut, tail = len(ratios), 0, 0.0
    # How many of the lowest, and of the highest, may be left out: so few below it are too rare.
    while (tail := tail + comb(count, cut) / 2**count) <= (1 - CONFIDENCE) / 2:
        cut += 1
    kept = max(cut - 1, 0)
    return Interval(median(ratios), ratios[kept], ratios[-1 - kept])


WARM_UP = 4.0
"""Seconds for the round that does not count: a just-in-time compiler needs them to reach its speed."""


def measure(tasks: Sequence[Task], crowds: Sequence[Crowd], *, rounds: int, seconds: float) -> list[Results]:
    """Every task on every side, `rounds` times in turn, after one round that is not counted.

    Who goes first changes from round to round: whatever the first leaves behind meets both.
    """
    results = [Results(task, {crowd.side.name: [] for crowd in crowds}) for task in tasks]
    for number in range(rounds + 1):
        for result in results:
            for crowd in crowds if number % 2 else reversed(crowds):
                sample = result.task.measure(crowd, seconds if number else max(seconds, WARM_UP))
                if number:
                    result.samples[crowd.side.name].append(sample)
                name = f"round {number}/{rounds}" if number else "warming up"
                print(
                    f"{name:12} {result.task.name:8} {crowd.side.name:14}"
                    f" {sample.cpu_ms:8.3f} ms CPU {sample.rate:8.0f}/s"
                    f"  p50 {sample.percentile_ms(50):6.1f}  p99 {sample.percentile_ms(99):6.1f} ms"
                    + (f"  {sample.refused} REFUSED" if sample.refused else ""),
                    flush=True,
                )
    return results
